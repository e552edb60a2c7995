import { openSync, writeSync } from "node:fs";
import { injectable } from "inversify";
import { defineModule, type Input, type ServiceOf } from "../../../../src/index.js";
import { leaf } from "../../links.js";

/** Writes a byte for each call that comes, into a file that outlives the process. */
@injectable()
class LeafService implements ServiceOf<typeof leaf> {
  readonly #tally = openSync(process.env.FAULTS_TALLY!, "a");

  async look(input: Input<typeof leaf, "look">) {
    return this.#count(input);
  }
  async keep(input: Input<typeof leaf, "keep">) {
    return this.#count(input);
  }
  async add(input: Input<typeof leaf, "add">) {
    return this.#count(input);
  }

  #count<T>(input: T): T {
    writeSync(this.#tally, ".");
    return input;
  }
}

export default defineModule({ contract: leaf, service: LeafService });
