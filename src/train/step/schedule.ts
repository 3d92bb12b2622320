/** Learning rate over a run: linear warm-up, then half a cosine down to a floor. */
export interface Schedule {
  readonly learningRate: number;
  /** Steps of linear warm-up; the first step has 1 / warmupSteps of the peak. */
  readonly warmupSteps: number;
  readonly totalSteps: number;
  /** Floor as a share of the peak. */
  readonly finalShare: number;
}

/** The schedule of a run: warm-up is a share of its steps unless their number is given. */
export function scheduleOf(
  train: Pick<Schedule, "learningRate" | "finalShare"> & {
    readonly steps: number;
    readonly warmupSteps?: number | undefined;
    readonly warmupShare: number;
  },
): Schedule {
  const { learningRate, finalShare, steps, warmupShare } = train;
  const warmupSteps = train.warmupSteps ?? Math.round(warmupShare * steps);
  return { learningRate, finalShare, warmupSteps, totalSteps: steps };
}

/** The learning rate of step `step` (from 0); constant at the floor after the last one. */
export function learningRateAt(schedule: Schedule, step: number): number {
  const { learningRate, warmupSteps, totalSteps, finalShare } = schedule;
  if (step < warmupSteps) return (learningRate * (step + 1)) / warmupSteps;
  const span = Math.max(1, totalSteps - warmupSteps);
  const done = Math.min(1, (step - warmupSteps) / span);
  return learningRate * (finalShare + (1 - finalShare) * 0.5 * (1 + Math.cos(Math.PI * done)));
}
