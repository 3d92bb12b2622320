/**
 * Which position should the KL attention loss ask when a pretrained model learns answers of several tokens from a
 * folder? One base, three seeds, each way of training: the folder, the order and the start are those of the seed.
 */

/** Answers of two tokens (a point) and of four (a box). */
export const tasks = ["pointing", "referring"] as const;

/** How the questions of base and folders are put. */
export const questions = { pointBins: 20, referringAnswer: "box" } as const;

export const names = 32;

/** The pretrained model: sees (logit lens loss) and answers one-token questions; no attention was ever taught. */
export const base = {
  preset: "ntp-lll",
  sets: [
    "train.steps=1200",
    `data.names=${names}`,
    `data.vocabulary=${JSON.stringify([...tasks, "point-to-every"])}`,
    ...Object.entries(questions).map(([key, value]) => `data.questions.${key}=${value}`),
    "train.seed=1",
    "data.seed=901",
    "train.evalEvery=200",
    "train.checkpointEvery=100000",
  ],
} as const;

export const folders = {
  train: { count: 4000, split: "train" },
  test: { count: 500, split: "test" },
} as const;

/** What the presets are, at the rate that suits a model of this size. */
export const ways = {
  lora: ["train.learningRate=3e-3", "train.accumulate=1", "train.recompute=false"],
  finetune: ["train.learningRate=1e-3", "train.accumulate=1"],
  /** The same as `lora`, three times as long. */
  "lora-long": ["train.learningRate=3e-3", "train.accumulate=1", "train.recompute=false", "train.steps=900"],
} as const;

/** What is compared. */
export const arms = {
  "no klal": ["losses.klal.weight=0"],
  predicting: ["losses.klal.query=predicting"],
  "last-answer": ["losses.klal.query=last-answer"],
} as const;

export const seeds = [1, 2, 3] as const;

/** Settings of every run. */
export const shared = [
  "train.steps=300",
  "train.batchSize=16",
  "train.warmupSteps=15",
  "train.threads=1",
  "train.evalEvery=100",
  "train.checkpointEvery=100000",
] as const;

export interface Run {
  /** WAY--ARM--SEED: the folder of the run and the file of its result. */
  readonly name: string;
  readonly way: keyof typeof ways;
  readonly arm: keyof typeof arms;
  readonly seed: number;
}

const keys = <K extends string>(record: Readonly<Record<K, unknown>>) => Object.keys(record) as K[];

const runsOf = (arm: Run["arm"], seed: number): Run[] =>
  keys(ways).map((way) => ({ name: `${way}--${arm.replace(" ", "-")}--${seed}`, way, arm, seed }));

/** In an order in which every beginning is of use. */
export const plan: readonly Run[] = [
  ...seeds.flatMap((seed) => [...runsOf("predicting", seed), ...runsOf("last-answer", seed)]),
  ...seeds.flatMap((seed) => runsOf("no klal", seed)),
];

/** Where everything is made, below the repository. */
export const work = "out/query";

export const resultOf = ({ name }: Run) => `experiments/query/results/${name}.json`;
