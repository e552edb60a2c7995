import { defineModule } from "../../../../src/index.js";
import { second, third, linkTo } from "../../links.js";

export default defineModule({ contract: second, service: linkTo(third), requires: [third] });
