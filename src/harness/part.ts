/** Which examples of a folder a model trained on, and which are new to it. */
import { normalize } from "node:path";
import { mustBe, UserError } from "../common/errors.ts";
import { readHeldOut, type Trained, trainedOn } from "../data/held-out.ts";
import { openImageFolder } from "../data/imagefolder/read.ts";
import { modelFolder } from "../hub/net/cache.ts";
import { modelParts } from "../models/adapter/adapter.ts";
import { isBaseline } from "./baselines.ts";
import type { Part } from "./items.ts";
import { parseModelSpec } from "./providers/spec.ts";

export const splits = ["held-out", "train", "all"] as const;
export type Split = (typeof splits)[number];

/** Which examples of a folder are asked about, and why. */
export interface ChosenPart {
  /** Missing where it is all of them. */
  readonly part?: Part;
  /** A sentence for people, where a model was trained on the folder. */
  readonly note?: string;
}

/**
 * The part of a folder that some models are asked about: of data that trained one of them, what training held out unless
 * `split` says otherwise; of other data all. A trained model says what it has seen in its held-out.json. Throws a
 * `UserError` where nothing is left, or `split` asks for a part of data that trained none of them.
 */
export async function choosePart(
  command: string,
  models: readonly string[],
  folder: string,
  split?: Split,
): Promise<ChosenPart> {
  const { rows, folder: pictures } = await openImageFolder(folder);
  const examples = rows.map(({ id, fileName }) => ({ id, picture: fileName }));
  const seen: (Trained & { readonly model: string })[] = [];
  for (const model of models)
    for (const trained of await trainings(model, pictures, examples)) seen.push({ model, ...trained });
  if (seen.length === 0) {
    if (split === undefined || split === "all") return {};
    throw mustBe(
      command,
      "--split",
      `all: no record says that ${folder} trained ${models.join(" or ")}`,
      split,
    );
  }
  const heldOut = examples.filter(({ id }) => seen.every((one) => one.heldOut.has(id))).length;
  const who = [...new Set(seen.map(({ model }) => model))].join(" and ");
  const counts = {
    who,
    heldOut,
    all: examples.length,
    folder: named(folder),
    changed: seen.some(({ unchanged }) => !unchanged),
  };
  return partOf(command, split ?? "held-out", counts, (id) => seen.every((one) => one.heldOut.has(id)));
}

/** One name for every spelling of a path. */
const named = (folder: string) => normalize(folder).replace(/(?<=.)\/+$/, "");

interface Counts {
  readonly who: string;
  readonly heldOut: number;
  readonly all: number;
  readonly folder: string;
  readonly changed: boolean;
}

function partOf(command: string, split: Split, counts: Counts, isHeldOut: Part["has"]): ChosenPart {
  const { who, heldOut, all, folder, changed } = counts;
  const trained = `${who} ${who.includes(" and ") ? "were" : "was"} trained on ${folder}`;
  if (split !== "held-out") {
    const seen = all - heldOut;
    const note = `${trained}: ${seen} of these ${split === "train" ? seen : all} examples were seen in training, so the figures say nothing about new pictures`;
    if (split === "all") return { note };
    return { note, part: { name: "train", has: (id) => !isHeldOut(id) } };
  }
  if (heldOut === 0)
    throw new UserError(
      `${command}: ${trained} with no example held out; name other data, or --split train to ask about what it has seen`,
    );
  const more = changed ? "; the folder has changed since, what is new in it is left out too" : "";
  const asked = heldOut === 1 ? "the one example" : `the ${heldOut} examples`;
  const note = `${trained}: only ${asked} of ${all} that training held out ${heldOut === 1 ? "is" : "are"} asked about${more}`;
  return { note, part: { name: "held-out", has: isHeldOut } };
}

/** What the records of a model, and of the base of an adapter, say of a folder. */
async function trainings(
  model: string,
  folder: string,
  examples: Parameters<typeof trainedOn>[2],
): Promise<Trained[]> {
  if (isBaseline(model) || parseModelSpec(model).kind === "remote") return [];
  const { base, adapter } = await modelParts(await modelFolder(model));
  const found: Trained[] = [];
  for (const place of adapter === undefined ? [base] : [adapter, base]) {
    const record = await readHeldOut(place);
    const trained = record && (await trainedOn(record, folder, examples));
    if (trained !== undefined) found.push(trained);
  }
  return found;
}
