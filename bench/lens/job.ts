/** What a child process of the lens benchmark is told, and what it says. */
export interface Job {
  /** Checkpoint folder. */
  readonly folder: string;
  readonly mode: "limit" | "forward" | "logit" | "probability" | "generate";
  /** With `limit`: the mode whose products alone are timed. */
  readonly limitOf?: Job["mode"];
  /** How Fovea holds the weights; ignored by Python. */
  readonly form: string;
  readonly tiles: number;
  readonly threads: number;
  /** Timed runs after a first one. */
  readonly repeats: number;
  readonly newTokens: number;
  readonly concepts: readonly number[];
  readonly imageTokenId: number;
  /** Pixels on a side of a tile. */
  readonly side: number;
}

export interface Report {
  /** Milliseconds of each run; of each token when generating. */
  readonly times: readonly number[];
  /** Processor milliseconds of each run, all threads together. */
  readonly cpu: readonly number[];
  /** Some results, to be the same everywhere. */
  readonly values: readonly number[];
  /** Of one run, where the child counts it. */
  readonly gigaflop: number;
  /** Of the limit: the rate of the fastest of its products. */
  readonly bestGigaflopPerSecond?: number;
  /** Largest resident memory of the process (VmHWM). */
  readonly peakBytes: number;
  /** Milliseconds from the start of loading to the end of the first run. */
  readonly firstMs?: number;
  /** `peakBytes` after the first run. */
  readonly firstPeakBytes?: number;
  readonly version?: string;
}

/** Image tokens of a tile. */
export const tileTokens = 64;
/** Text tokens before and after the image. */
export const textTokens = 4;
