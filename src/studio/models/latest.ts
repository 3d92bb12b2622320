/** Work that follows something that changes faster than it can be done: the newest wins. */

/** A function of which one call runs and one waits. */
export interface Latest<Asked, Done> {
  /**
   * Begins once the running call has ended, in the place of any that waited: that one gives undefined. A call that has
   * begun always ends as its work does.
   */
  (asked: Asked): Promise<Done | undefined>;
  /** Drops the waiting call, and tells the running one by its signal. */
  cancel(): void;
}

interface Waiting<Asked, Done> {
  readonly asked: Asked;
  readonly ended: PromiseWithResolvers<Done | undefined>;
}

/**
 *     const update = latest((picture, signal) => model.run("glance", { picture, words }, { signal }));
 *     onDrag(async (picture) => {
 *       const seen = await update(picture);
 *       if (seen !== undefined) draw(seen);
 *     });
 */
export function latest<Asked, Done>(
  work: (asked: Asked, signal: AbortSignal) => Promise<Done>,
): Latest<Asked, Done> {
  let running: AbortController | undefined;
  let waiting: Waiting<Asked, Done> | undefined;
  const drop = () => {
    waiting?.ended.resolve(undefined);
    waiting = undefined;
  };
  const next = () => {
    running = undefined;
    const one = waiting;
    waiting = undefined;
    if (one !== undefined) begin(one);
  };
  const begin = ({ asked, ended }: Waiting<Asked, Done>) => {
    running = new AbortController();
    const { signal } = running;
    const done = (async () => work(asked, signal))(); // What throws at once rejects as well.
    void done.finally(next).then(ended.resolve, ended.reject);
  };
  const call = (asked: Asked) => {
    const one = { asked, ended: Promise.withResolvers<Done | undefined>() };
    drop();
    if (running === undefined) begin(one);
    else waiting = one;
    return one.ended.promise;
  };
  const cancel = () => {
    drop();
    running?.abort();
  };
  return Object.assign(call, { cancel });
}
