/** Options that knock out what a model sees of a picture, of `lens` and `attend`. */
import { mustBe, UserError } from "../common/errors.ts";
import type { RgbImage } from "../common/image.ts";
import { type KnockOut, type KnockOutFrom, knockOutFroms } from "../lens/knock-out.ts";
import { headsOf, patchesOf } from "../lens/places-text.ts";
import { displayOf } from "../models/inputs/images.ts";
import type { Vlm } from "../vlm/open.ts";
import { oneOf } from "./arguments.ts";

export const knockOutArgs = {
  hide: { type: "string", description: "patches the model is not to see: ROW:COLUMN from 1, as 3:5-8,4:5" },
  only: { type: "string", description: "the only patches that it is to see" },
  strike: {
    type: "string",
    description: "heads that are not to see the image: LAYER:HEAD, or LAYER for all",
  },
} as const;

/** From whom, where that is a choice. */
export const hiddenFromArg = {
  type: "string",
  description: `who does not see them: ${knockOutFroms.join(" | ")} (default: answer)`,
} as const;

/** The values of these options. */
export interface KnockOutValues {
  readonly hide?: string;
  readonly only?: string;
  readonly strike?: string;
  readonly "hidden-from"?: string;
}

/** What is knocked out of a model while it looks at a picture. */
export type KnockOutOf = (model: Vlm, image: RgbImage) => KnockOut;

/** Undefined where nothing is knocked out. Throws a UserError for what cannot be read; patches are held to a picture's grid later. */
export function knockOutOf(
  command: string,
  values: KnockOutValues,
  from: KnockOutFrom = "answer",
): KnockOutOf | undefined {
  const { hide, only, strike, "hidden-from": given } = values;
  if (hide !== undefined && only !== undefined)
    throw new UserError(`${command}: --hide and --only exclude each other: one names what is left`);
  const who = given === undefined ? from : oneOf(command, "--hidden-from", given, knockOutFroms);
  if ((hide ?? only ?? strike) === undefined) {
    if (given === undefined) return undefined;
    throw new UserError(`${command}: --hidden-from needs --hide, --only or --strike`);
  }
  const struck = strike === undefined ? {} : headsOf(strike);
  if (struck === undefined) throw mustBe(command, "--strike", "LAYER:HEAD or LAYER, as 2:1,3", strike);
  return (model, image) => ({
    ...struck,
    ...((hide ?? only) !== undefined && {
      patches: patchesIn(command, hide ?? only, hide === undefined, model, image),
    }),
    ...(only !== undefined && { only: true }),
    from: who,
  });
}

function patchesIn(command: string, text = "", isOnly: boolean, model: Vlm, image: RgbImage): number[] {
  return readPatches(command, isOnly ? "--only" : "--hide", text, model, image);
}

/** Patches of a picture's grid, in row order from 0. */
export function readPatches(
  command: string,
  option: string,
  text: string,
  model: Vlm,
  image: RgbImage,
): number[] {
  const { grid } = displayOf(model.reader.preprocess(image)).geometry;
  const patches = patchesOf(text, grid);
  if (patches !== undefined) return patches;
  const rule = `ROW:COLUMN, as 3:5-8,4:5, of a grid of ${grid.rows} rows and ${grid.columns} columns`;
  throw mustBe(command, option, rule, text);
}
