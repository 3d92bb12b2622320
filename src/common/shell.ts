/** Command lines for people to copy. */

/** A word as a POSIX shell takes it: in single quotes where it needs them. */
export function shellWord(word: string): string {
  if (/^[\w@%+=:,./#-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", "'\\''")}'`;
}

export function shellLine(words: readonly string[]): string {
  return words.map(shellWord).join(" ");
}
