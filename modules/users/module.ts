import { defineModule } from "pangaea";
import { users } from "./contract.js";
import { migrations } from "./migrations/index.js";
import { UsersRepository } from "./users-repository.js";
import { UsersService } from "./users-service.js";

export default defineModule({ contract: users, service: UsersService, bind: [UsersRepository], migrations });
