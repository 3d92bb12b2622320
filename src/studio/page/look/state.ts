/** What Look shows, as the keys of its address and back: whoever opens the address sees the same. */
import type { ColourMapName } from "../../../lens/colour.ts";
import { type LensSpace, lensSpaces } from "../../../lens/logit-lens.ts";
import { type Letter, letters } from "../studio.ts";

/** What lies over the picture. */
export const layersOver = ["concept", "words", "attention", "relevance"] as const;
export type Over = (typeof layersOver)[number];

export const ramps = ["heat", "cividis", "viridis", "magma"] as const satisfies readonly ColourMapName[];
export type Ramp = (typeof ramps)[number];

export const curves = ["information", "identity", "precision"] as const;
/** What the curve of locality measures. */
export type Curve = (typeof curves)[number];

export const froms = ["answer", "text", "all"] as const;
export type From = (typeof froms)[number];

/** A head of one model; layer and head count from 1. */
export interface StruckHead {
  readonly letter: Letter;
  readonly layer: number;
  readonly head: number;
}

/** What the models shown do not see. Patches are of the first model's grid, layers of the first model's. */
export interface Struck {
  readonly patches: readonly number[];
  readonly only: boolean;
  readonly layers: readonly number[];
  readonly heads: readonly StruckHead[];
  readonly from: From;
}

/** A token of the question or the answer, counted from 0. */
export interface TokenPlace {
  readonly of: "question" | "answer";
  readonly index: number;
}

export interface LookState {
  /** Ref of the picture; undefined for a visitor's own. */
  readonly picture?: string;
  readonly concept?: string;
  readonly over: Over;
  /** Of the first model shown; undefined: its last. */
  readonly layer?: number;
  readonly space: LensSpace;
  readonly ramp: Ramp;
  /** Whether colours span the maps' own range instead of the fixed one. */
  readonly own: boolean;
  /** Where maps are cut, as a place on the scale from 0 to 1; undefined: nowhere. */
  readonly cut?: number;
  /** Of the map over the picture, 0 to 1. */
  readonly opacity: number;
  /** Patches of the first model's grid. */
  readonly pins: readonly number[];
  /** The word whose rank is searched at the pins. */
  readonly word?: string;
  readonly question?: string;
  /** Undefined: the first token of the answer. */
  readonly token?: TokenPlace;
  /** From 1; undefined: the mean of the layer's heads. */
  readonly head?: number;
  /** Undefined: all. */
  readonly models?: readonly Letter[];
  readonly struck: Struck;
  /** The curve of locality that is open. */
  readonly curve?: Curve;
}

export const nothingStruck: Struck = { patches: [], only: false, layers: [], heads: [], from: "answer" };

/** Whether anything is knocked out. */
export function isStruck({ patches, only, layers, heads }: Struck): boolean {
  return only || patches.length + layers.length + heads.length > 0;
}

/** Reads a state from an address; what it does not understand is as if it were not there. */
export function readState(get: (key: string) => string | undefined): LookState {
  const one = <T extends string>(key: string, all: readonly T[], standard: T): T =>
    all.find((value) => value === get(key)) ?? standard;
  const models = letters.filter((letter) => get("models")?.includes(letter));
  return {
    ...textsOf(get),
    over: one("over", layersOver, "concept"),
    layer: wholeOf(get("layer")),
    space: one("space", lensSpaces, "probability"),
    ramp: one("colours", ramps, "heat"),
    own: get("scale") === "own",
    cut: shareOf(get("cut")),
    opacity: shareOf(get("opacity")) ?? 1,
    pins: pinsOf(get("pins")),
    token: tokenOf(get("token")),
    head: positive(wholeOf(get("head"))),
    ...(models.length > 0 && { models }),
    struck: struckOf(get),
    curve: curves.find((curve) => curve === get("curve")),
  };
}

/** Pins side by side are few: more could not be compared. */
export const mostPins = 4;

function pinsOf(text: string | undefined): number[] {
  const pins = (text ?? "").split(".").flatMap((part) => wholeOf(part) ?? []);
  return [...new Set(pins)].slice(0, mostPins);
}

function textsOf(get: (key: string) => string | undefined): Partial<LookState> {
  const text = (key: string) => get(key)?.trim() || undefined;
  return {
    picture: text("picture"),
    concept: text("concept"),
    word: text("word"),
    question: text("question"),
  };
}

function struckOf(get: (key: string) => string | undefined): Struck {
  const heads = (get("heads") ?? "").split(",").flatMap((text): StruckHead[] => {
    const found = /^([a-d])(\d{1,4})\.(\d{1,4})$/.exec(text);
    if (found === null) return [];
    return [{ letter: found[1] as Letter, layer: Number(found[2]), head: Number(found[3]) }];
  });
  return {
    patches: listOf(get("off")),
    only: get("only") === "1",
    layers: listOf(get("layers")),
    heads,
    from: froms.find((from) => from === get("from")) ?? "answer",
  };
}

function wholeOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : undefined;
}

function positive(value: number | undefined): number | undefined {
  return value === 0 ? undefined : value;
}

function shareOf(text: string | undefined): number | undefined {
  const value = text === undefined || text.trim() === "" ? Number.NaN : Number(text);
  return value >= 0 && value <= 1 ? value : undefined;
}

function tokenOf(text: string | undefined): TokenPlace | undefined {
  const found = /^([aq])(\d{1,4})$/.exec(text ?? "");
  if (found === null) return undefined;
  return { of: found[1] === "a" ? "answer" : "question", index: Number(found[2]) };
}

/** "3-5.9" -> 3, 4, 5, 9: places in rising order, each once. */
export function listOf(text: string | undefined): number[] {
  const places = new Set<number>();
  for (const part of (text ?? "").split(".")) {
    const found = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(part);
    if (found === null) continue;
    const [first, last] = [Number(found[1]), Number(found[2] ?? found[1])];
    for (let place = first; place <= Math.min(last, first + 9999); place++) places.add(place);
  }
  return [...places].sort((a, b) => a - b);
}

/** The reverse of {@link listOf}; undefined for no place. */
export function listText(places: readonly number[]): string | undefined {
  const sorted = [...new Set(places)].sort((a, b) => a - b);
  const runs: [number, number][] = [];
  for (const place of sorted) {
    const run = runs[runs.length - 1];
    if (run !== undefined && run[1] === place - 1) run[1] = place;
    else runs.push([place, place]);
  }
  if (runs.length === 0) return undefined;
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(".");
}

/** Changes of a state as changes of the address. */
export function keysOf(changes: Partial<LookState>): Record<string, string | undefined> {
  const keys: Record<string, string | undefined> = {};
  for (const name of Object.keys(changes) as (keyof LookState)[])
    Object.assign(keys, writers[name](changes as LookState));
  return keys;
}

type Keys = Record<string, string | undefined>;

/** A value that is the standard one is left out of the address. */
const unless = <T>(value: T, standard: T) => (value === standard ? undefined : `${value}`);
const number = (value: number | undefined) => (value === undefined ? undefined : `${value}`);
const share = (value: number | undefined) =>
  value === undefined ? undefined : `${Number(value.toFixed(3))}`;

const writers: { readonly [K in keyof LookState]-?: (state: LookState) => Keys } = {
  picture: ({ picture }) => ({ picture }),
  concept: ({ concept }) => ({ concept }),
  word: ({ word }) => ({ word }),
  question: ({ question }) => ({ question }),
  over: ({ over }) => ({ over: unless(over, "concept") }),
  layer: ({ layer }) => ({ layer: number(layer) }),
  space: ({ space }) => ({ space: unless(space, "probability") }),
  ramp: ({ ramp }) => ({ colours: unless(ramp, "heat") }),
  own: ({ own }) => ({ scale: own ? "own" : undefined }),
  cut: ({ cut }) => ({ cut: share(cut) }),
  opacity: ({ opacity }) => ({ opacity: opacity === 1 ? undefined : share(opacity) }),
  // Pins keep the order in which they were set.
  pins: ({ pins }) => ({ pins: pins.length === 0 ? undefined : pins.join(".") }),
  token: ({ token }) => ({ token: token && `${token.of[0]}${token.index}` }),
  head: ({ head }) => ({ head: number(head) }),
  curve: ({ curve }) => ({ curve }),
  models: ({ models }) => ({ models: models?.join("") }),
  struck: ({ struck }) => ({
    off: listText(struck.patches),
    only: struck.only ? "1" : undefined,
    layers: listText(struck.layers),
    heads: struck.heads.map(({ letter, layer, head }) => `${letter}${layer}.${head}`).join(",") || undefined,
    from: unless(struck.from, "answer"),
  }),
};
