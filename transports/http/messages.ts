/**
 * What frames say beside calls and replies: a caller may send `{"ping":true}` and gets `{"pong":true}`; a server sends
 * `{"goaway":true}` before it closes.
 */
export const pingText = '{"ping":true}';
export const pongText = '{"pong":true}';
export const goawayText = '{"goaway":true}';

/** The messages of a batch. Throws where it is none. */
export function messagesOf(text: string): readonly unknown[] {
  const messages: unknown = JSON.parse(text);
  if (!Array.isArray(messages)) throw new Error("a batch that is no list");
  return messages;
}
