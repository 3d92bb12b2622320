/** Numbers in (-1, 1) without a pattern that a wrong order of axes would keep. */
export function ramp(count: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.sin(1 + i * 2.39996));
}
