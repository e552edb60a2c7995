import { injectable } from "inversify";
import { defineModule, type Input, type ServiceOf } from "../../../../src/index.js";
import { answer } from "../../../work.js";
import { product } from "./contract.js";

@injectable()
class ProductService implements ServiceOf<typeof product> {
  get(input: Input<typeof product, "get">) {
    return answer(input);
  }
}

export default defineModule({ contract: product, service: ProductService });
