/** Collects the texts of one tick, and hands them over together, in pieces of at most `maxBytes`. */
export function perTick(maxBytes: number, flush: (texts: string[]) => void): (text: string) => void {
  let texts: string[] = [];
  let length = 0;
  const send = () => {
    const batch = texts;
    texts = [];
    length = 0;
    if (batch.length > 0) flush(batch);
  };
  return (text) => {
    if (texts.length === 0) process.nextTick(send);
    else if (length + text.length > maxBytes) send();
    texts.push(text);
    length += text.length;
  };
}

/** Calls that wait for their reply, by number. */
export class Pending<Reply> {
  #next = 0;
  readonly #resolvers = new Map<number, (reply: Reply) => void>();

  wait(send: (id: number) => void): Promise<Reply> {
    return new Promise((resolve) => {
      const id = this.#next++;
      this.#resolvers.set(id, resolve);
      send(id);
    });
  }

  settle(id: number, reply: Reply): void {
    const resolve = this.#resolvers.get(id);
    this.#resolvers.delete(id);
    resolve?.(reply);
  }
}
