import { defineModule } from "../../../../src/index.js";
import { first, second, linkTo } from "../../links.js";

export default defineModule({ contract: first, service: linkTo(second), requires: [second] });
