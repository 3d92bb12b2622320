/**
 * Weights that were read into memory, as they lie in their files: a program that packs them for itself maps them from there,
 * which spares the copy of all of them that a program with values in it is.
 */
import { disk } from "#disk";

type Find = () => Promise<object | undefined>;

const known = new WeakMap<object, Find>();

/** Notes that `params`, which nobody changes, have the values that `open` finds in these files, for as long as the files stay. */
export async function noteInFiles(
  params: object,
  paths: readonly string[],
  open: () => Promise<object>,
): Promise<void> {
  const before = await stampOf(paths);
  let opened: Promise<object> | undefined;
  known.set(params, async () => {
    if (before === undefined || (await stampOf(paths)) !== before) return undefined;
    opened ??= open();
    return opened;
  });
}

/** The same tree with its matrices in their files, the same object each time; undefined where files were changed or are not known. */
export async function inFiles(params: unknown): Promise<object | undefined> {
  return known
    .get(params as object)?.()
    .catch(() => undefined);
}

/** Undefined where some file is not there. */
async function stampOf(paths: readonly string[]): Promise<string | undefined> {
  const stamps = await Promise.all(paths.map(disk.stampOf));
  return stamps.includes(undefined) ? undefined : stamps.join();
}
