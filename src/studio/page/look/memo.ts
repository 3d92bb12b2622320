/** Values made once for a key, so that a drawn map is the same object until something of it changes. */

export type Memo = <T>(key: string, make: () => T) => T;

/** Keeps the `most` values that were asked for last. */
export function openMemo(most = 1024): Memo {
  const known = new Map<string, unknown>();
  return <T>(key: string, make: () => T): T => {
    const value = known.has(key) ? (known.get(key) as T) : make();
    known.delete(key);
    known.set(key, value);
    if (known.size > most) known.delete(known.keys().next().value as string);
    return value;
  };
}

const numbers = new WeakMap<object, number>();
let next = 0;

/** A number for an object, the same as long as it lives: for keys. */
export function idOf(thing: object | undefined): number {
  if (thing === undefined) return 0;
  const known = numbers.get(thing);
  if (known !== undefined) return known;
  numbers.set(thing, ++next);
  return next;
}
