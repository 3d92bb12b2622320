/** The number of an example or picture as ids and file names have it, `000042`: sorted as texts, they are in order. */
export function sixDigits(index: number): string {
  return String(index).padStart(6, "0");
}
