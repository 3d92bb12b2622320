/** The command line that makes what a view shows. */
import type { ColourMapName } from "../../../lens/colour.ts";
import type { LensSpace } from "../../../lens/logit-lens.ts";

/** Options of a command by their names; undefined and false are left out, true stands alone, of a list each is given. */
type Options = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** `fovea NAME WORDS --option value ...`, quoted for a POSIX shell. */
export function commandLine(name: string, words: readonly string[], options: Options): string {
  const given = Object.entries(options).flatMap(([key, value]) => optionWords(`--${key}`, value));
  return ["fovea", name, ...words.map(quoted), ...given].join(" ");
}

function optionWords(name: string, value: Options[string]): string[] {
  if (value === undefined || value === false) return [];
  if (value === true) return [name];
  if (typeof value === "object") return value.flatMap((one) => [name, quoted(one)]);
  return [name, quoted(`${value}`)];
}

/** A word as a POSIX shell reads it back; plain words stay as they are. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/u.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** What commands on a picture need. */
interface OfPicture {
  /** The model's folder, or OWNER/NAME, as commands take it. */
  readonly model: string;
  /** The picture's file. */
  readonly picture: string;
  /** Left out where it is the last. */
  readonly layer?: number;
  /** Left out where it is `heat`. */
  readonly colours?: ColourMapName;
}

export interface LensCommand extends OfPicture {
  readonly concepts: readonly string[];
  readonly space?: LensSpace;
  readonly max?: number;
  readonly allLayers?: boolean;
  /** Patches whose words are told layer by layer, `3:5-8`. */
  readonly patch?: string;
  /** Whether it is told what is left with depth. */
  readonly locality?: boolean;
}

export function lensCommand({ model, picture, concepts, layer, ...how }: LensCommand): string {
  const { space = "probability", max, allLayers, patch, locality, colours = "heat" } = how;
  return commandLine("lens", [picture], {
    concept: concepts,
    model,
    space: space === "probability" ? undefined : space,
    layer,
    max,
    "all-layers": allLayers,
    patch,
    locality,
    colours: colours === "heat" ? undefined : colours,
  });
}

/** What the model is not to see, as options of `fovea attend`. */
export interface HiddenOptions {
  /** `3:5-8`: rows and columns of patches, from 1. */
  readonly hide?: string;
  readonly only?: string;
  /** `2:1,3`: heads, and whole layers. */
  readonly strike?: string;
  readonly hiddenFrom?: string;
}

export interface AttendCommand extends OfPicture, HiddenOptions {
  readonly question: string;
  /** In pixels of the picture. */
  readonly region?: readonly [x0: number, y0: number, x1: number, y1: number];
  readonly max?: number;
  readonly heads?: boolean;
  /** Whether the question's own tokens are told of. */
  readonly questionTokens?: boolean;
  /** Whether it is told what mattered for each token. */
  readonly relevance?: boolean;
}

export function attendCommand({ model, picture, question, region, layer, ...how }: AttendCommand): string {
  const { max, heads, questionTokens, relevance, hide, only, strike, hiddenFrom, colours = "heat" } = how;
  return commandLine("attend", [picture], {
    question,
    model,
    region: region?.map((side) => Math.round(side * 100) / 100).join(","),
    layer,
    max,
    heads,
    "question-tokens": questionTokens,
    relevance,
    hide,
    only,
    strike,
    "hidden-from": hiddenFrom,
    colours: colours === "heat" ? undefined : colours,
  });
}

export interface SegmentCommand extends OfPicture {
  readonly concept: string;
  /** Left out: the command's own choice. */
  readonly threshold?: number;
}

export function segmentCommand({
  model,
  picture,
  concept,
  threshold,
  layer,
  colours,
}: SegmentCommand): string {
  return commandLine("segment", [picture], {
    concept,
    model,
    threshold,
    layer,
    colours: colours === "heat" ? undefined : colours,
  });
}
