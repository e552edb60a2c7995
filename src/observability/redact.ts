const secretKey = /passw|secret|token|authorization|cookie|credential|api[-_]?key|private[-_]?key/i;
const mask = "[secret]";
/** The password in an address, and what follows `Bearer`, wherever they stand in a text. */
const passwordInUrl = /([a-z][a-z0-9+.-]*:\/\/[^\s:@/"'\\]*):[^\s@/"'\\]+@/gi;
const bearer = /\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi;

const maxDepth = 8;

/** A text without the passwords and tokens that stand in it. */
export const withoutSecrets = (text: string): string =>
  text.replace(passwordInUrl, `$1:${mask}@`).replace(bearer, `$1 ${mask}`);

/** A copy of what is to be logged, in which a value whose name says that it is a secret is masked. */
export function redacted(value: unknown, depth = 0): unknown {
  if (typeof value !== "object" || value === null || value instanceof Error) return value;
  if (depth >= maxDepth) return "[too deep]";
  if (Array.isArray(value)) return value.map((item) => redacted(item, depth + 1));
  if (typeof (value as { toJSON?: unknown }).toJSON === "function") return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      secretKey.test(key) && item !== undefined && item !== null ? mask : redacted(item, depth + 1),
    ]),
  );
}
