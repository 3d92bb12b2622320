/** PNG's filters (section 9): each row is stored as differences from its own pixels and those of the row above. */

/**
 * Takes the filters back, in place, of `rows` rows of `length` bytes from `from` on, each behind the number of its filter;
 * `pixel` is the bytes of a whole pixel, at least one. False for a filter that is not known.
 */
export function unfilterRows(
  raw: Uint8Array,
  from: number,
  rows: number,
  length: number,
  pixel: number,
): boolean {
  for (let row = 0; row < rows; row++) {
    const start = from + row * (length + 1) + 1;
    const filter = raw[start - 1];
    if (filter > 4) return false;
    if (filter > 0)
      unfilter[filter - 1](raw, start, length, pixel, row === 0 ? undefined : start - length - 1);
  }
  return true;
}

type Unfilter = (
  raw: Uint8Array,
  start: number,
  length: number,
  pixel: number,
  above: number | undefined,
) => void;

/** Filters 1 to 4: left, above, the mean of both, and Paeth's choice. What lies outside is 0. */
const unfilter: readonly Unfilter[] = [
  (raw, start, length, pixel) => {
    for (let i = pixel; i < length; i++) raw[start + i] += raw[start + i - pixel];
  },
  (raw, start, length, _, above) => {
    if (above !== undefined) for (let i = 0; i < length; i++) raw[start + i] += raw[above + i];
  },
  (raw, start, length, pixel, above) => {
    for (let i = 0; i < length; i++) {
      const left = i < pixel ? 0 : raw[start + i - pixel];
      raw[start + i] += (left + (above === undefined ? 0 : raw[above + i])) >> 1;
    }
  },
  (raw, start, length, pixel, above) => {
    for (let i = 0; i < length; i++) {
      const left = i < pixel ? 0 : raw[start + i - pixel];
      const up = above === undefined ? 0 : raw[above + i];
      const corner = above === undefined || i < pixel ? 0 : raw[above + i - pixel];
      raw[start + i] += nearest(left, up, corner);
    }
  },
];

/** Whichever of three is nearest to left + up - corner; the earlier where two are. */
function nearest(left: number, up: number, corner: number): number {
  const [toLeft, toUp, toCorner] = [
    Math.abs(up - corner),
    Math.abs(left - corner),
    Math.abs(left + up - 2 * corner),
  ];
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}
