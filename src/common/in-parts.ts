/** Things that are looked at together: each may hold a file open. */
const AT_A_TIME = 32;

/** `f` of each, some at a time, in their order. */
export async function inParts<A, B>(all: readonly A[], f: (one: A) => Promise<B>): Promise<B[]> {
  const done: B[] = [];
  for (let at = 0; at < all.length; at += AT_A_TIME)
    done.push(...(await Promise.all(all.slice(at, at + AT_A_TIME).map(f))));
  return done;
}
