import {
  bootstrapMean,
  bootstrapRatio,
  type Estimate,
  pairedDifference,
  pairedRatioDifference,
  proportion,
} from "./statistics.ts";

/** What kind of number a measurement is, and so which interval it gets. */
export type Kind = "proportion" | "mean" | "ratio";

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
  /** Of a ratio of sums, Σ values / Σ over: what each value is divided by. */
  readonly over?: readonly number[];
  /** The image of each item: items of one image are resampled together. */
  readonly images: readonly number[];
}

type Metric = Omit<Measurement, "values" | "over" | "images">;

/**
 * Collects values under their metric. They come out in the order of the items' numbers, which is the same for every model,
 * however each went over them: values of two models are compared in pairs.
 */
export interface Recorder {
  /** What is recorded from here on belongs to item number `at`. */
  startItem(at: number): void;
  record(metric: Metric, value: number, image: number): void;
  /** One item of a ratio of sums: adds `value` above and `over` below the line. */
  recordRatio(metric: Omit<Metric, "kind">, value: number, over: number, image: number): void;
  readonly measurements: () => Measurement[];
}

export function openRecorder(): Recorder {
  const known = new Map<string, Recorded>();
  let item = 0;
  const add = (metric: Metric, value: number, image: number) => {
    const key = keyOf(metric);
    const found = known.get(key) ?? { ...metric, values: [], images: [], items: [] };
    known.set(key, found);
    found.values.push(value);
    found.images.push(image);
    found.items.push(item);
    return found;
  };
  return {
    startItem(at) {
      item = at;
    },
    record(metric, value, image) {
      add(metric, value, image);
    },
    recordRatio(metric, value, over, image) {
      const found = add({ ...metric, kind: "ratio" }, value, image);
      found.over ??= [];
      found.over.push(over);
    },
    measurements: () => [...known.values()].map(inOrder),
  };
}

interface Recorded extends Metric {
  readonly values: number[];
  over?: number[];
  readonly images: number[];
  /** The item of each value. */
  readonly items: number[];
}

function inOrder({ items, values, over, images, ...metric }: Recorded): Measurement {
  const order = [...items.keys()].sort((a, b) => items[a] - items[b]);
  const sorted = (all: readonly number[]) => order.map((i) => all[i]);
  return { ...metric, values: sorted(values), ...(over && { over: sorted(over) }), images: sorted(images) };
}

export function keyOf({ group, name, layer }: Pick<Measurement, "group" | "name" | "layer">): string {
  return `${group}/${name}${layer === undefined ? "" : `/${layer}`}`;
}

/** A proportion with its Wilson interval, or a mean or ratio with its bootstrap interval over images. */
export function estimate({ kind, values, over, images }: Measurement, seed = 0): Estimate {
  const options = { seed, groups: images };
  if (kind === "mean") return bootstrapMean(values, options);
  if (over !== undefined) return bootstrapRatio(values, over, options);
  return proportion(values.filter((value) => !Number.isNaN(value)).map((value) => value > 0));
}

/** a - b over the same items, with a bootstrap interval over images. */
export function difference(a: Measurement, b: Measurement, seed = 0): Estimate {
  const options = { seed, groups: a.images };
  if (a.over === undefined || b.over === undefined) return pairedDifference(a.values, b.values, options);
  const ratio = ({ values }: Measurement, over: readonly number[]) => ({
    numerators: values,
    denominators: over,
  });
  return pairedRatioDifference(ratio(a, a.over), ratio(b, b.over), options);
}
