/**
 * Merges of a SentencePiece BPE vocabulary. Such a vocabulary has no list of merges: pairs are joined in the order of the
 * joined token's score, and any pair of tokens may join. Ties are broken as `transformers` breaks them.
 *
 *     mergesOf(tokens, scores)   -> pairs of tokens, first to be joined first; undefined where tokens are too long for it
 */

interface Merge {
  readonly pair: readonly [left: string, right: string];
  readonly score: number;
}

/** Read while tokens are cut at every place: a hundred times as many as of the largest vocabulary known. */
const mostCharacters = 3e9;

export function mergesOf(
  tokens: readonly string[],
  scores: ArrayLike<number>,
): readonly (readonly [string, string])[] | undefined {
  if (tokens.reduce((sum, { length }) => sum + length ** 2, 0) > mostCharacters) return undefined;
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const merges = tokens.flatMap((token, id) => mergesInto(token, scores[id], ids));
  // Stable: what is the same in all three keeps the order of the tokens. Python counts characters.
  const keys = merges.map(({ pair: [left, right] }) => [[...left].length, [...right].length]);
  const order = [...merges.keys()].sort(
    (a, b) => merges[b].score - merges[a].score || keys[b][0] - keys[a][0] || keys[b][1] - keys[a][1],
  );
  return order.map((at) => merges[at].pair);
}

function mergesInto(token: string, score: number, ids: ReadonlyMap<string, number>): Merge[] {
  const pairs: (readonly [string, string])[] = [];
  let at = 0;
  for (const character of token) {
    at += character.length;
    const [left, right] = [token.slice(0, at), token.slice(at)];
    if (ids.has(left) && ids.has(right)) pairs.push([left, right]);
  }
  const idOf = (token: string) => ids.get(token) as number;
  return pairs
    .sort((a, b) => idOf(a[0]) - idOf(b[0]) || idOf(a[1]) - idOf(b[1]))
    .map((pair) => ({ pair, score }));
}
