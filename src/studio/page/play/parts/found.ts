/** Search by name. */

/** Names that hold what was typed: those that begin with it first, otherwise in their own order. */
export function found(names: readonly string[], typed: string): string[] {
  const sought = typed.trim().toLowerCase();
  if (sought === "") return [...names];
  const rank = (name: string) => (name.startsWith(sought) ? 0 : 1);
  return names.filter((name) => name.includes(sought)).sort((a, b) => rank(a) - rank(b));
}
