import { bootstrapMean, type Estimate, pairedDifference, proportion } from "./statistics.ts";

/** What kind of number a measurement is, and so which interval it gets. */
export type Kind = "proportion" | "mean";

/** One metric over all items of an evaluation. */
export interface Measurement {
  /** "accuracy", "lens", "attention" */
  readonly group: string;
  /** "naming", "iou", "mass on target", ... */
  readonly name: string;
  /** Set when the metric is of one decoder layer: 0 = decoder input. */
  readonly layer?: number;
  readonly kind: Kind;
  /** One value an item; NaN where the item has no answer to this metric. */
  readonly values: readonly number[];
  /** The image of each item: items of one image are resampled together. */
  readonly images: readonly number[];
}

/** Collects values under their metric in the order of the items, which is the same for every model. */
export interface Recorder {
  record(metric: Omit<Measurement, "values" | "images">, value: number, image: number): void;
  readonly measurements: () => Measurement[];
}

export function openRecorder(): Recorder {
  const known = new Map<string, Measurement & { values: number[]; images: number[] }>();
  return {
    record(metric, value, image) {
      const key = keyOf(metric);
      const found = known.get(key) ?? { ...metric, values: [], images: [] };
      known.set(key, found);
      found.values.push(value);
      found.images.push(image);
    },
    measurements: () => [...known.values()],
  };
}

export function keyOf({ group, name, layer }: Pick<Measurement, "group" | "name" | "layer">): string {
  return `${group}/${name}${layer === undefined ? "" : `/${layer}`}`;
}

/** A proportion with its Wilson interval, or a mean with its bootstrap interval over images. */
export function estimate({ kind, values, images }: Measurement, seed = 0): Estimate {
  if (kind === "mean") return bootstrapMean(values, { seed, groups: images });
  return proportion(values.filter((value) => !Number.isNaN(value)).map((value) => value > 0));
}

/** a - b over the same items, with a bootstrap interval over images. */
export function difference(a: Measurement, b: Measurement, seed = 0): Estimate {
  return pairedDifference(a.values, b.values, { seed, groups: a.images });
}
