import { defineModule } from "../../../../src/index.js";
import { third, leaf, linkTo } from "../../links.js";

export default defineModule({ contract: third, service: linkTo(leaf), requires: [leaf] });
