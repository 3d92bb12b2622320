/** `did you mean train?` for a word that is nearly one of the known names; undefined where none is near. */
export function didYouMean(
  word: string,
  known: readonly string[],
  shown: (name: string) => string = (name) => name,
): string | undefined {
  const most = Math.max(1, Math.floor(word.length / 3));
  const near = known
    .map((name) => ({ name, distance: editDistance(word.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, distance }) => distance <= most || (word.length > 2 && name.startsWith(word)))
    .toSorted((a, b) => a.distance - b.distance);
  return near.length === 0 ? undefined : `did you mean ${shown(near[0].name)}?`;
}

/** Insertions, deletions, replacements and swaps of neighbours that turn one word into the other. */
export function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    rows.push([i]);
    for (let j = 1; j <= b.length; j++) {
      const replaced = rows[i - 1][j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? rows[i - 2][j - 2] + 1 : Infinity;
      rows[i][j] = Math.min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, replaced, swapped);
    }
  }
  return rows[a.length][b.length];
}
