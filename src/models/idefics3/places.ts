const { fround } = Math;

/**
 * Places in a position table of `side` a side for the patches of a grid with `count` on this side: patch i has the
 * table's place below i / count. transformers compares fractions in float32, which moves some by one (of 19, 25, 29,
 * 31, ... patches); models are trained with those, so rounding is the same here, step by step.
 */
export function tilePlaces(count: number, side: number): number[] {
  const limits = placeLimits(side);
  const step = fround(1 / count);
  return Array.from({ length: count }, (_, i) => {
    const fraction = Math.min(fround(i * step), fround(1 - 1e-6));
    return limits.filter((limit) => limit <= fraction).length;
  });
}

/**
 * `torch.arange(1 / side, 1, 1 / side)`, float32: as long as there are 16 more, eight at a time are counted from a
 * rounded first one.
 */
function placeLimits(side: number): number[] {
  const step = 1 / side;
  const length = Math.ceil((1 - step) / step);
  const together = length - (length % 16);
  return Array.from({ length }, (_, i) => {
    const lane = i < together ? i % 8 : 0;
    const first = step + step * (i - lane);
    return fround(i < together ? fround(first) + lane * step : first);
  });
}
