/** How many letters must be added, left out, replaced or swapped with their neighbour to make one word of the other. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwap ? before[j - 2]! + 1 : Infinity;
      next.push(Math.min(replaced, swapped, row[j]! + 1, next[j - 1]! + 1));
    }
    before = row;
    row = next;
  }
  return row.at(-1)!;
}

/** The candidate that was probably meant, or undefined where none is near. */
function nearest(word: string, candidates: readonly string[]): string | undefined {
  const allowed = Math.max(1, Math.floor(word.length * 0.4));
  return candidates
    .map((candidate) => ({ candidate, away: distance(word, candidate) }))
    .filter(({ away }) => away <= allowed)
    .toSorted((a, b) => a.away - b.away)[0]?.candidate;
}

/** What there is instead of `word`, the likely one first: `did you mean users? There are catalog, users.` */
export function insteadOf(word: string, candidates: readonly string[]): string {
  const likely = nearest(word, candidates);
  const list = candidates.length === 0 ? "There is none." : `There are ${candidates.join(", ")}.`;
  return likely === undefined ? list : `Did you mean ${likely}? ${list}`;
}
