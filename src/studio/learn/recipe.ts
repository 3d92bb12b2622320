/** How a model is trained in the page: plain data with defaults, read from an address and written into one. */
import type { LossName } from "../../losses/registry.ts";

/** Where the weights come from: a model's folder, or random values of the same config. */
export const starts = ["twin", "nothing"] as const;
export type Start = (typeof starts)[number];

/** A loss as its slider stands: the weight is kept while it is off. */
export interface LossSetting {
  readonly on: boolean;
  readonly weight: number;
}

/** A loss that the page trains with. */
export type PageLoss = (typeof lossNames)[number];

export interface Recipe {
  readonly start: Start;
  readonly losses: Readonly<Record<PageLoss, LossSetting>>;
  readonly learningRate: number;
  /** Scenes of a step. */
  readonly batch: number;
  /** The scenes show the first so many things of the twins' 64. */
  readonly things: number;
  /** Of the scenes and of random weights. */
  readonly seed: number;
  readonly device: "wasm" | "webgpu";
}

export const lossNames = ["ntp", "lll", "klal"] as const satisfies readonly LossName[];

/** What docs/studio.md measures: maps turn from noise to objects within two minutes on two cores. */
export const defaultRecipe: Recipe = {
  start: "twin",
  losses: {
    ntp: { on: true, weight: 1 },
    lll: { on: true, weight: 1 },
    klal: { on: false, weight: 1 },
  },
  learningRate: 2e-3,
  batch: 8,
  things: 8,
  seed: 1,
  device: "wasm",
};

/** What each number may be: both ends are allowed. */
export const bounds = {
  weight: [0, 3],
  learningRate: [1e-5, 1e-2],
  batch: [1, 32],
  things: [4, 64],
  seed: [0, 9999],
} as const;

export const titles: Readonly<Record<PageLoss, { readonly short: string; readonly long: string }>> = {
  ntp: { short: "NTP", long: "next token: learn the answers" },
  lll: { short: "LLL", long: "logit lens: patches name what they show" },
  klal: { short: "KLAL", long: "attention: answers look at the evidence" },
};

/** The losses that count, in their order. */
export function chosen({ losses }: Recipe): PageLoss[] {
  return lossNames.filter((name) => losses[name].on && losses[name].weight > 0);
}

/** "NTP + LLL", "NTP + 0.5 LLL". */
export function titleOf(recipe: Recipe): string {
  const parts = chosen(recipe).map((name) => {
    const { weight } = recipe.losses[name];
    return weight === 1 ? titles[name].short : `${weight} ${titles[name].short}`;
  });
  return parts.length === 0 ? "no loss" : parts.join(" + ");
}

/** Why it cannot be trained as it stands; undefined where it can. */
export function problemOf(recipe: Recipe): string | undefined {
  return chosen(recipe).length === 0
    ? "Switch on at least one loss, with a weight above 0: without one there is nothing to learn."
    : undefined;
}

/** What one should see, and where, as far as the chosen losses ask for it. `word`: of the first picture. */
export function watchLine(recipe: Recipe, word: string): string {
  const names = chosen(recipe);
  const asks = (name: PageLoss) => names.includes(name);
  if (names.length === 0) return "";
  const patches = asks("lll")
    ? `Watch the patches under the ${word}: they are asked to say ${word}, and should start to within a minute or two; all others are asked not to.`
    : `Nothing here asks the patches to say what they show, so expect no ${word} on the map, however long it trains.`;
  const answers = asks("klal")
    ? ` The answer is asked to look at the ${word}.`
    : asks("ntp")
      ? " The answers are learnt, but nothing asks where they look."
      : " The answers are not trained.";
  return patches + answers;
}

type Keys = Readonly<Record<string, string | undefined>>;

/** The keys of an address; a value that is the default has none. */
export function recipeKeys(recipe: Recipe): Keys {
  const unless = (value: string | number, usual: string | number) =>
    value === usual ? undefined : String(value);
  const weights = lossNames.map((name) => {
    const { on, weight } = recipe.losses[name];
    return [
      name,
      unless(on ? weight : 0, defaultRecipe.losses[name].on ? defaultRecipe.losses[name].weight : 0),
    ];
  });
  const { start, learningRate, batch, things, seed, device } = recipe;
  return {
    ...Object.fromEntries(weights),
    start: unless(start, defaultRecipe.start),
    rate: unless(learningRate, defaultRecipe.learningRate),
    batch: unless(batch, defaultRecipe.batch),
    things: unless(things, defaultRecipe.things),
    seed: unless(seed, defaultRecipe.seed),
    device: unless(device, defaultRecipe.device),
  };
}

/** The recipe of an address; what is missing or cannot be is as by default. */
export function recipeFrom(get: (key: string) => string | undefined): Recipe {
  const number = (key: string, [least, most]: readonly [number, number], usual: number, whole = false) => {
    const value = Number(get(key) || Number.NaN);
    return value >= least && value <= most && (!whole || Number.isInteger(value)) ? value : usual;
  };
  const loss = (name: PageLoss): LossSetting => {
    const usual = defaultRecipe.losses[name];
    if (get(name) === undefined) return usual;
    const weight = number(name, bounds.weight, usual.on ? usual.weight : 0);
    return weight > 0 ? { on: true, weight } : { ...usual, on: false };
  };
  const { start, learningRate, batch, things, seed } = defaultRecipe;
  return {
    start: starts.find((name) => name === get("start")) ?? start,
    losses: { ntp: loss("ntp"), lll: loss("lll"), klal: loss("klal") },
    learningRate: number("rate", bounds.learningRate, learningRate),
    batch: number("batch", bounds.batch, batch, true),
    things: number("things", bounds.things, things, true),
    seed: number("seed", bounds.seed, seed, true),
    device: get("device") === "webgpu" ? "webgpu" : "wasm",
  };
}
