/**
 * How much there is in a value, walked through: a value that is in it twice counts twice, a text by its length. Stops
 * counting above `most`, so that a few bytes which refer to each other over and over cost no more than that.
 */
export function sizeUpTo(value: unknown, most: number): number {
  const left: unknown[] = [value];
  let size = 0;
  while (left.length > 0 && size <= most) {
    const next = left.pop();
    size += typeof next === "string" ? 1 + next.length : 1;
    if (typeof next !== "object" || next === null || ArrayBuffer.isView(next)) continue;
    const inner = Array.isArray(next) ? next : Object.values(next);
    size += inner.length;
    if (size <= most) for (const one of inner) left.push(one);
  }
  return size;
}
