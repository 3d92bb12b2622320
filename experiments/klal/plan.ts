/** The runs of the study. A run is decided by its sets of options alone: two runs of one seed share start and data. */

export interface Run {
  /** `line-tracing/klal/1`: task, arm, seed; the file of its result has this name. */
  readonly name: string;
  readonly task: TaskName;
  readonly arm: string;
  readonly seed: number;
  readonly steps: number;
  /** `fovea train --set` */
  readonly sets: readonly string[];
  /** Another run that must be trained before this one. */
  readonly after?: string;
}

/** What is trained and tested on, and for how long. `images` are tested: at least 1,000 questions. */
export const tasks = {
  "line-tracing": { steps: 500, images: 500, sets: [lineTracing(), "train.learningRate=2e-3"] },
  "line-intersection": { steps: 400, images: 1000, sets: ["data.tasks=[line-intersection]"] },
  "marked-cell": { steps: 200, images: 1000, sets: ["data.tasks=[marked-cell]"] },
  pointing: { steps: 500, images: 400, sets: ["data.tasks=[pointing]", "data.questions.pointBins=20"] },
  referring: {
    steps: 400,
    images: 500,
    sets: ["data.tasks=[referring]", "data.questions.referringAnswer=cell"],
  },
} as const satisfies Record<string, { steps: number; images: number; sets: readonly string[] }>;

export type TaskName = keyof typeof tasks;
const names = Object.keys(tasks) as TaskName[];

function lineTracing(): string {
  const axes = {
    lines: [2, 3],
    crossings: [0, 1, 2],
    selfCrossings: 0,
    distractors: 0,
    nearTangent: "none",
    family: "spline",
    colours: "each",
    named: "colour",
    labels: "letters",
    background: "plain",
    orientation: "left-right",
    width: 0.03,
    questions: "all",
  };
  return `data={"tasks":["line-tracing"],"vocabulary":["line-intersection"],"axes":{"line-tracing":${JSON.stringify(axes)}}}`;
}

/** The losses that are compared on every task. */
const klal = ["losses.klal.weight=1", "losses.klal.query=predicting"];
const arms: Readonly<Record<string, readonly string[]>> = { ntp: [], klal };

/** Where there are concepts (objects of scenes, labels of lines), also with the logit lens loss. */
const lll = ["losses.lll.weight=1", "losses.lll.negativeCoverage=0.4"];
const withConcepts: readonly TaskName[] = ["line-tracing", "pointing", "referring"];

/** One choice changed at a time, against arm `klal`. */
const ablations: Readonly<Record<string, readonly string[]>> = {
  "query last-answer": ["losses.klal.query=last-answer"],
  "layers last-half": ["losses.klal.layers=last-half"],
  "layers last": ["losses.klal.layers=last"],
  "heads best": ["losses.klal.heads=best"],
  "heads each": ["losses.klal.heads=each"],
  "weight 0.25": ["losses.klal.weight=0.25"],
  "weight 4": ["losses.klal.weight=4"],
  "direction reverse": ["losses.klal.direction=reverse"],
};

/** σ only matters where regions are points, the box rule where they are boxes. */
const pointAblations: typeof ablations = {
  "sigma 0.5": ["data.targets.pointSigma=0.5"],
  "sigma 2": ["data.targets.pointSigma=2"],
};
const boxAblations: typeof ablations = {
  "box gaussian": ["data.targets.box=gaussian"],
  "box centre-line": ["data.targets.box=centre-line"],
  "box unsmoothed": ["data.targets.boxSigma=0"],
};

/**
 * The cheapest task has all ablations; those that only concern points are on one of points. The query, which matters
 * most, is changed on every task.
 */
const query = { "query last-answer": ablations["query last-answer"] };
const ablated: Readonly<Record<TaskName, typeof ablations>> = {
  "marked-cell": { ...ablations, ...boxAblations },
  "line-intersection": { ...query, ...pointAblations },
  "line-tracing": query,
  pointing: query,
  referring: query,
};

function run(task: TaskName, arm: string, seed: number, sets: readonly string[], steps?: number): Run {
  return {
    name: `${task}/${arm.replaceAll(" ", "-")}/${seed}`,
    task,
    arm,
    seed,
    steps: steps ?? tasks[task].steps,
    sets: [...tasks[task].sets, ...sets, `train.seed=${seed}`, `data.seed=10${seed}`],
  };
}

const compared = (seed: number) =>
  names.flatMap((task) => [
    ...Object.entries(arms).map(([arm, sets]) => run(task, arm, seed, sets)),
    ...(withConcepts.includes(task)
      ? [run(task, "lll+klal", seed, [...klal, ...lll]), run(task, "lll", seed, lll)]
      : []),
  ]);

const changed = (seed: number) =>
  Object.entries(ablated).flatMap(([task, list]) =>
    Object.entries(list).map(([arm, sets]) => run(task as TaskName, arm, seed, [...klal, ...sets])),
  );

/**
 * Transfer: next-token prediction alone on line intersection, for as many steps, from a model that was trained on
 * line tracing with each of the losses.
 */
const transferred = (seed: number) =>
  [...Object.keys(arms), "lll+klal"].map((arm): Run => {
    const from = `line-tracing/${arm}/${seed}`;
    const start = run("line-intersection", `from line-tracing ${arm}`, seed, [
      `model.from=${folderOf(from)}/model`,
    ]);
    return { ...start, after: from };
  });

const marked = (runs: readonly Run[]) => runs.filter(({ task }) => task === "marked-cell");
const others = (runs: readonly Run[]) => runs.filter(({ task }) => task !== "marked-cell");

/** In an order in which every beginning is of use. */
export const plan: readonly Run[] = [
  ...[1, 2].flatMap(compared),
  ...marked(changed(1)),
  ...compared(3),
  ...[1, 2, 3].flatMap(transferred),
  ...[2, 3].flatMap((seed) => marked(changed(seed))),
  ...[1, 2, 3].flatMap((seed) => others(changed(seed))),
];

/** Attention only where it helps: which answers are supervised, and evidence that nobody gave. */
const gates: Readonly<Record<string, readonly string[]>> = {
  "gate wrong": ["losses.klal.gate=wrong"],
  "gate focal": ["losses.klal.gate=focal"],
};
const learnt = ["losses.klal.target=learnt"];
const knockOut = [...learnt, "losses.klal.evidence=knock-out"];

/** Against arms of `plan` with the same seeds. `again`: arm `klal` once more, to hold this code to that of its results. */
export const focused: readonly Run[] = [
  ...[1, 2, 3].flatMap((seed) => [
    ...Object.entries(gates).map(([arm, sets]) => run("marked-cell", arm, seed, [...klal, ...sets])),
    run("marked-cell", "knock-out", seed, [...klal, ...knockOut]),
    run("line-tracing", "lll+agreement", seed, [...klal, ...lll, ...learnt]),
    run("line-tracing", "lll+knock-out", seed, [...klal, ...lll, ...knockOut]),
  ]),
  run("marked-cell", "again", 1, klal),
  ...[1, 2, 3].flatMap((seed) =>
    Object.entries(gates).map(([arm, sets]) => run("line-intersection", arm, seed, [...klal, ...sets])),
  ),
  ...[1, 2, 3].flatMap((seed) =>
    Object.entries(gates).map(([arm, sets]) =>
      run("line-tracing", `lll+${arm}`, seed, [...klal, ...lll, ...sets]),
    ),
  ),
];

/** Where a run is trained, below the repository. */
export function folderOf(name: string): string {
  return `out/klal/${name}`;
}

/** Its result: small enough to be committed. */
export function resultOf(name: string): string {
  return `experiments/klal/results/${name.replaceAll("/", "--")}.json`;
}
