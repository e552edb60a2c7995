const firstSize = 64;
const maxSize = 4_096;

/**
 * Things by their numbers, for numbers that rise and things that stay for a moment: calls under way.
 *
 * Each has the place that its number says, and a place that is free again points nowhere. A `Map` that things come to and
 * go from is built anew all the time, and what an outgrown one still points to outlives the young generation: a process
 * with many short calls spent a sixth of its time on collecting those. What stays for so long that its place is needed
 * moves to a `Map`, where it troubles nobody.
 */
export class ByNumber<T> {
  #numbers: number[] = [];
  #things: (T | undefined)[] = [];
  #long: Map<number, T> | undefined;
  #size = 0;

  constructor() {
    this.#grow(firstSize);
  }

  get size(): number {
    return this.#size;
  }

  has(number: number): boolean {
    return this.get(number) !== undefined;
  }

  get(number: number): T | undefined {
    const place = number % this.#numbers.length;
    return this.#numbers[place] === number ? this.#things[place] : this.#long?.get(number);
  }

  /** `number`: a whole number from 0, of nothing that is here. */
  set(number: number, thing: T): void {
    this.#size++;
    this.#place(number, thing);
  }

  /** Takes it away; false where it was not here. */
  delete(number: number): boolean {
    const place = number % this.#numbers.length;
    if (this.#numbers[place] === number) {
      this.#numbers[place] = -1;
      this.#things[place] = undefined;
    } else if (this.#long?.delete(number) !== true) return false;
    this.#size--;
    return true;
  }

  clear(): void {
    this.#size = 0;
    this.#long = undefined;
    this.#grow(firstSize);
  }

  /** All of them now, those with the lowest number first. */
  entries(): [number: number, thing: T][] {
    const entries = this.#here();
    if (this.#long !== undefined) entries.push(...this.#long);
    return entries.toSorted(([a], [b]) => a - b);
  }

  #place(number: number, thing: T): void {
    const size = this.#numbers.length;
    const place = number % size;
    const other = this.#numbers[place]!;
    if (other !== -1) {
      if (size < maxSize) {
        const here = this.#here();
        this.#grow(2 * size);
        for (const [each, its] of here) this.#place(each, its);
        this.#place(number, thing);
        return;
      }
      (this.#long ??= new Map()).set(other, this.#things[place]!);
    }
    this.#numbers[place] = number;
    this.#things[place] = thing;
  }

  #grow(size: number): void {
    this.#numbers = Array.from({ length: size }, () => -1);
    this.#things = Array.from({ length: size }, () => undefined);
  }

  #here(): [number, T][] {
    return this.#numbers.flatMap((number, place) => (number === -1 ? [] : [[number, this.#things[place]!]]));
  }
}
