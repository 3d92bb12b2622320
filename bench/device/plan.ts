/** What `scripts/device-check` does on each device, and how long each part may take. */

/** A part: one process. */
export interface Part {
  readonly name: string;
  /** What `child.ts` does, or the step benchmark. */
  readonly kind: "parity" | "training" | "step" | "adapters" | "lens" | "generation";
  /** Of the time that a device has. */
  readonly share: number;
  /** Names of models of bench/step/sizes.ts, or how many decoder layers of LLaVA-1.5-7B. */
  readonly model?: string;
  readonly layers?: number;
  /** Bytes of random weights that it writes beside the system's temporary files. */
  readonly disk?: number;
}

const whole: readonly Part[] = [
  { name: "parity of tiny models of every family", kind: "parity", share: 0.22 },
  { name: "a short training", kind: "training", share: 0.1 },
  { name: "step, 9 M parameters", kind: "step", share: 0.1, model: "9m" },
  { name: "step, 135 M parameters", kind: "step", share: 0.14, model: "135m" },
  { name: "adapters, 1 B", kind: "adapters", share: 0.08, layers: 3, disk: 3e9 },
  { name: "lens, 1 B", kind: "lens", share: 0.05, layers: 3, disk: 3e9 },
  { name: "generation, 1 B", kind: "generation", share: 0.06, layers: 3, disk: 3e9 },
  { name: "adapters, 7 B", kind: "adapters", share: 0.15, layers: 32, disk: 15e9 },
  { name: "lens, 7 B", kind: "lens", share: 0.1, layers: 32, disk: 15e9 },
];

/** The same on sizes for which a software adapter is fast enough. */
const small: readonly Part[] = [
  { name: "parity of tiny models", kind: "parity", share: 0.3, model: "few" },
  { name: "a short training", kind: "training", share: 0.2, model: "few" },
  { name: "step, tiny", kind: "step", share: 0.2, model: "tiny" },
  { name: "adapters, tiny", kind: "adapters", share: 0.1, model: "tiny" },
  { name: "lens, tiny", kind: "lens", share: 0.1, model: "tiny" },
  { name: "generation, tiny", kind: "generation", share: 0.1, model: "tiny" },
];

export function partsOf(isSmall: boolean, wanted: readonly string[] = []): readonly Part[] {
  const parts = isSmall ? small : whole;
  return wanted.length === 0 ? parts : parts.filter(({ kind }) => wanted.includes(kind));
}

/** The least that a part is begun with, in seconds. */
export const leastSeconds = 3;

/**
 * Seconds of a part: its share of what the device has left, among the parts that are still to come. What a part leaves is
 * the others'.
 */
export function secondsFor(parts: readonly Part[], index: number, left: number): number {
  const coming = parts.slice(index).reduce((sum, { share }) => sum + share, 0);
  return (left * parts[index].share) / coming;
}

/** Accelerators first, and the processor with what they leave. Seconds of the device at `index` of those left. */
export function deviceSeconds(devices: number, index: number, left: number): number {
  return left / (devices - index);
}
