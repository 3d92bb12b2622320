/** Logistic regression on frozen features: what of the truth a linear map can read off them. */

/** Rows of D features each, one after the other. */
export interface Features {
  readonly width: number;
  readonly rows: readonly Float32Array[];
}

/** A linear map of standardised features to scores of classes. */
export interface LinearProbe {
  /** Scores [C] of a row [D]. */
  score(row: Float32Array): Float64Array;
}

/** What the scores of a row are compared with: its classes. */
type Truth = readonly (readonly number[])[];

export interface ProbeOptions {
  /** `one`: softmax, each row has one class; `any`: a sigmoid for each class. */
  readonly kind: "one" | "any";
  readonly classes: number;
  /** Passes over all rows. */
  readonly passes?: number;
  /** Weight of the mean square of the weights. */
  readonly decay?: number;
}

/** Trains by AdamW on batches of 256 rows in their given order, its rate falling to 0. `truth`: the classes of each row. */
export function trainProbe({ width, rows }: Features, truth: Truth, options: ProbeOptions): LinearProbe {
  const { kind, classes, passes = 100, decay = 1e-3 } = options;
  const { mean, deviation } = standardOf(rows, width);
  const standard = rows.map((row) => row.map((x, d) => (x - mean[d]) / deviation[d]));
  const size = classes * (width + 1);
  const state = {
    weights: new Float64Array(size),
    first: new Float64Array(size),
    second: new Float64Array(size),
  };
  const perPass = Math.ceil(rows.length / 256);
  for (let step = 0; step < passes * perPass; step++) {
    const start = (step % perPass) * 256;
    const slope = new Float64Array(size);
    const batch = standard.slice(start, start + 256);
    for (const [i, row] of batch.entries())
      addSlope(slope, state.weights, row, {
        kind,
        classes,
        truth: truth[start + i],
        share: 1 / batch.length,
      });
    adamw(state, slope, { step, rate: 0.01 * (1 - step / (passes * perPass)), decay });
  }
  return {
    score: (row) =>
      scores(
        state.weights,
        row.map((x, d) => (x - mean[d]) / deviation[d]),
        classes,
      ),
  };
}

function standardOf(rows: readonly Float32Array[], width: number) {
  const [mean, square] = [new Float64Array(width), new Float64Array(width)];
  for (const row of rows)
    for (let d = 0; d < width; d++) {
      mean[d] += row[d] / rows.length;
      square[d] += row[d] ** 2 / rows.length;
    }
  return { mean, deviation: square.map((x, d) => Math.sqrt(Math.max(0, x - mean[d] ** 2)) + 1e-6) };
}

/** A class's weights, then its bias, class after class. */
function scores(weights: Float64Array, row: Float32Array, classes: number): Float64Array {
  const width = row.length;
  const out = new Float64Array(classes);
  for (let c = 0; c < classes; c++) {
    const at = c * (width + 1);
    let sum = weights[at + width];
    for (let d = 0; d < width; d++) sum += weights[at + d] * row[d];
    out[c] = sum;
  }
  return out;
}

interface Row extends Pick<ProbeOptions, "kind" | "classes"> {
  readonly truth: readonly number[];
  readonly share: number;
}

/** Of the cross-entropy: (probability - truth) times the features. */
function addSlope(
  slope: Float64Array,
  weights: Float64Array,
  row: Float32Array,
  { kind, classes, truth, share }: Row,
) {
  const given = scores(weights, row, classes);
  const most = given.reduce((a, b) => Math.max(a, b));
  const sum = given.reduce((total, x) => total + Math.exp(x - most), 0);
  for (let c = 0; c < classes; c++) {
    const likely = kind === "one" ? Math.exp(given[c] - most) / sum : 1 / (1 + Math.exp(-given[c]));
    const error = share * (likely - (truth.includes(c) ? 1 : 0));
    const at = c * (row.length + 1);
    for (let d = 0; d < row.length; d++) slope[at + d] += error * row[d];
    slope[at + row.length] += error;
  }
}

function adamw(
  { weights, first, second }: Readonly<Record<"weights" | "first" | "second", Float64Array>>,
  slope: Float64Array,
  { step, rate, decay }: { readonly step: number; readonly rate: number; readonly decay: number },
): void {
  for (let i = 0; i < weights.length; i++) {
    first[i] = 0.9 * first[i] + 0.1 * slope[i];
    second[i] = 0.99 * second[i] + 0.01 * slope[i] ** 2;
    const mean = first[i] / (1 - 0.9 ** (step + 1));
    const square = second[i] / (1 - 0.99 ** (step + 1));
    weights[i] -= rate * (mean / (Math.sqrt(square) + 1e-8) + decay * weights[i]);
  }
}

export function largest(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}
