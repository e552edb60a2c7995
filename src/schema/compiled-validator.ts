import type { OutputOf, Schema } from "../core/schema.js";
import { type Validator, validatorOf } from "../core/validation.js";
import { type Copier, refused } from "./compiled-zod.js";
import { copierOf } from "./copier.js";

/** As `validatorOf`, with the schema compiled when it is first used. What that refuses goes to `validatorOf`. */
export function compiledValidatorOf<S extends Schema>(schema: S): Validator<OutputOf<S>> {
  const careful = validatorOf(schema);
  let copy: Copier | undefined;
  return (value) => {
    copy ??= copierOf(schema);
    const copied = copy(value);
    return copied === refused ? careful(value) : copied;
  };
}
