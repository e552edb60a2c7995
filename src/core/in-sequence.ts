type Step<Value, About> = (value: Value, about: About) => Value;

/**
 * Several functions as one: each takes what the one before it gave back. `failed` makes what is thrown of what a step
 * has thrown: `step` is its place, `value` what it was given.
 *
 * The function is written out, line by line, as a person would. In a loop over a list every call leads anywhere; in text of
 * its own each place has one function, which the engine builds in.
 */
export function inSequence<Value, About>(
  steps: readonly Step<Value, About>[],
  failed: (step: number, error: unknown, value: Value, about: About) => unknown,
): Step<Value, About> {
  if (steps.length === 0) return (value) => value;
  const names = steps.map((_, index) => `step${index}`);
  const lines = names.map((name, index) => `at = ${index}; value = ${name}(value, about);`);
  const text = `return (value, about) => {
    let at = 0;
    try {
      ${lines.join("\n      ")}
    } catch (error) {
      throw failed(at, error, value, about);
    }
    return value;
  };`;
  try {
    // eslint-disable-next-line no-implied-eval, typescript/no-implied-eval
    return new Function("failed", ...names, text)(failed, ...steps) as Step<Value, About>;
  } catch {
    // A process that allows no code to be made from text (--disallow-code-generation-from-strings).
    return inLoop(steps, failed);
  }
}

const inLoop =
  <Value, About>(
    steps: readonly Step<Value, About>[],
    failed: (step: number, error: unknown, value: Value, about: About) => unknown,
  ): Step<Value, About> =>
  (value, about) => {
    let at = 0;
    let current = value;
    try {
      for (; at < steps.length; at++) current = steps[at]!(current, about);
    } catch (error) {
      throw failed(at, error, current, about);
    }
    return current;
  };
