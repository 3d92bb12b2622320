/** The smallest of 1, 2 or 5 times a power of ten that is at least `rough`, which must be positive. */
export function roundStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
}
