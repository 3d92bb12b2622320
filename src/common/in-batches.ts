/** How many run at once: each may hold a file open. */
const BATCH_SIZE = 32;

/** `f` of each in order, a batch at a time. */
export async function inBatches<A, B>(all: readonly A[], f: (one: A) => Promise<B>): Promise<B[]> {
  const done: B[] = [];
  for (let at = 0; at < all.length; at += BATCH_SIZE)
    done.push(...(await Promise.all(all.slice(at, at + BATCH_SIZE).map(f))));
  return done;
}
