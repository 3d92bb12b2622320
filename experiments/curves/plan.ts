/** The runs of the learning curves: each loss at a constant rate, so that a run may be made longer and every checkpoint is an end. */

export interface Run {
  /** `ntp-1`: arm's short name and seed, behind the task where that is not the twins'; its folder and result have it. */
  readonly name: string;
  readonly task: Task;
  readonly arm: string;
  readonly seed: number;
  readonly preset: string;
  readonly steps: number;
  /** Steps between checkpoints, all of which are kept. */
  readonly every: number;
  /** `fovea train --set` */
  readonly sets: readonly string[];
}

export type Task = "twins" | "line-tracing" | "line-intersection";

/** By short name: the arm, and how its losses are set in a preset that has all three. */
const arms = {
  ntp: { arm: "ntp", off: ["lll", "klal"] },
  full: { arm: "ntp+lll+klal", off: [] },
  "ntp-klal": { arm: "ntp+klal", off: ["lll"] },
  "ntp-lll": { arm: "ntp+lll", off: ["klal"] },
} as const;

type Short = keyof typeof arms;

const shared = [
  "train.finalShare=1",
  "train.warmupShare=0",
  "train.warmupSteps=50",
  "train.evalEvery=100",
  "train.keepLast=1000",
  "train.probes=null",
];

/** Next-token prediction has as long as it takes, within reason; the others until they stop getting better. */
const steps: Readonly<Record<Task, Readonly<Record<Short, number>>>> = {
  twins: { ntp: 20_000, full: 4000, "ntp-klal": 4000, "ntp-lll": 8000 },
  "line-tracing": { ntp: 8000, full: 1500, "ntp-klal": 4000, "ntp-lll": 4000 },
  "line-intersection": { ntp: 8000, full: 1500, "ntp-klal": 1500, "ntp-lll": 8000 },
};

function run(task: Task, short: Short, seed: number): Run {
  const { arm, off } = arms[short];
  const isTwin = task === "twins";
  const all = steps[task][short];
  const every = all > 8000 ? 200 : 100;
  const own = isTwin ? [] : [...taskSets(task), ...off.map((loss) => `losses.${loss}.weight=0`)];
  return {
    name: `${isTwin ? "" : `${task}-`}${short}-${seed}`,
    task,
    arm,
    seed,
    preset: isTwin ? short : "line-tracing",
    steps: all,
    every: isTwin ? every : every / 2,
    sets: [
      ...shared,
      `train.checkpointEvery=${isTwin ? every : every / 2}`,
      `train.seed=${seed}`,
      `data.seed=10${seed}`,
      ...own,
    ],
  };
}

/** Line intersection has the recipe of line tracing; its evidence is points, its concepts none. */
function taskSets(task: Task): readonly string[] {
  return task === "line-intersection"
    ? ["data.tasks=[line-intersection]", "data.axes={}", "train.learningRate=3e-3"]
    : [];
}

const seeds = [1, 2, 3];
const both = (task: Task, seed: number) => (["ntp", "full"] as const).map((short) => run(task, short, seed));
const others = (task: Task, seed: number) =>
  (["ntp-klal", "ntp-lll"] as const).map((short) => run(task, short, seed));
const lines = ["line-tracing", "line-intersection"] as const;

/** In an order in which every beginning is of use. */
export const plan: readonly Run[] = [
  ...seeds.flatMap((seed) => both("twins", seed)),
  ...seeds.flatMap((seed) => others("twins", seed)),
  ...lines.flatMap((task) => seeds.flatMap((seed) => [...both(task, seed), ...others(task, seed)])),
];

export function resultOf({ name }: Run): string {
  return `experiments/curves/results/${name}.json`;
}
