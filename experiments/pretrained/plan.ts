/**
 * What the losses add to a language model that was one before: a tower that has seen neither loss, a pretrained language
 * model, a base that next-token prediction alone made answer; from that base the same pictures in the same order with each
 * loss, with adapters and whole.
 */

/** What base and arms are asked. */
export const tasks = [
  "naming",
  "presence",
  "grid-patch",
  "referring",
  "pointing",
  "line-intersection",
] as const;

/** Drawings of every word; pictures of each are held out from all stages. */
const data = [
  "data.names=64",
  "data.cutouts=[fluent-3d, fluent-3d-more, fluent-flat, fluent-flat-more, noto, twemoji, emojione, fxemoji]",
  "data.questions.pointBins=20",
  "data.questions.referringAnswer=box",
];

const shared = [
  ...data,
  "train.threads=1",
  "train.accumulate=1",
  "train.batchSize=4",
  "train.keepLast=1",
  "train.evalEvery=100",
  "train.evalBatches=4",
  "train.checkpointEvery=50",
];

const asking = [`data.tasks=${JSON.stringify(tasks)}`, "data.questionsPerImage=4", "data.absentConcepts=4"];

/** Steps of everything, and held-out pictures of every score. `tiny` tries the whole study in some minutes. */
export const lengths = {
  full: {
    tower: 1500,
    captions: 400,
    base: 800,
    more: 400,
    most: 2400,
    arms: 200,
    pictures: 150,
    probes: 1000,
  },
  tiny: { tower: 2, captions: 1, base: 1, more: 1, most: 2, arms: 1, pictures: 2, probes: 20 },
} as const;

/** Stage 1: the projector alone, on captions. */
export const captions = {
  preset: "projector",
  sets: [
    ...shared,
    "data.tasks=[caption]",
    "data.questionsPerImage=1",
    "data.absentConcepts=0",
    "data.seed=901",
  ],
} as const;

/** Stage 2: next-token prediction alone, all but tower and embeddings. At a constant rate: it may be made longer. */
export const base = {
  preset: "finetune",
  sets: [
    ...shared,
    ...asking,
    "losses.lll.weight=0",
    "losses.klal.weight=0",
    "train.freeze=[vision, embeddings]",
    "train.learningRate=2e-4",
    "train.finalShare=1",
    "data.seed=902",
  ],
} as const;

/** Stage 2 is over when both hold on held-out scenes, by chance 1/64 and 1/2. Where they do not within `most` steps, there are no arms. */
export const enough = { naming: 0.25, presence: 0.65 } as const;

export const arms = "ntp,ntp+lll,ntp+klal,ntp+lll+klal";
export const seeds = [1, 2, 3] as const;

/** How each arm is trained from the base. */
export const ways = {
  lora: { preset: "lora", sets: ["lora.dropout=0", "train.recompute=false", "train.learningRate=5e-4"] },
  whole: { preset: "finetune", sets: ["train.freeze=[vision, embeddings]", "train.learningRate=1e-4"] },
} as const satisfies Record<string, { readonly preset: string; readonly sets: readonly string[] }>;

/** Settings of every arm beside its way's. Patches are large beside objects: those partly covered are ignored. */
export const armSets = [...shared, ...asking, "losses.lll.negativeCoverage=0.4"] as const;

export type Way = keyof typeof ways;
export const wayNames = Object.keys(ways) as Way[];

/** Runs of a way, seed by seed, so that every beginning holds whole comparisons. */
export const runs = seeds.flatMap((seed) => arms.split(",").map((arm) => ({ arm, seed })));

export const resultOf = (way: Way, { arm, seed }: { readonly arm: string; readonly seed: number }) =>
  `experiments/pretrained/results/${way}--${arm}--${seed}.json`;
