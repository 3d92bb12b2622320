/**
 * How a model is asked, kept in its folder: `fovea.json`, beside config.json or adapter_config.json.
 *
 *     askingOf(folders, askedAs, knows)      -> Asking: what the folders record, else the family's published form
 *     trainedAsking(start, askedAs, knows)   -> Asking of a model that is trained here
 *     askingFile(asking)                     -> {"fovea.json": ...}, to be written with a folder's other files
 *
 * What a model was trained with is what it is asked with: training writes the record, and evaluation, harness, attention
 * and server read it. Python passes over the file.
 */

import { z } from "zod";
import { sourceOf } from "#source";
import { UserError } from "../common/errors.ts";
import { parseJson } from "../common/json.ts";
import { type PlaceStyle, placeForms, scaleNames } from "../grounding/text.ts";
import type { GivenSource } from "../hub/source/given.ts";
import type { Json } from "../hub/text/tokenizer.ts";
import {
  type AnswerFamily,
  type Asking,
  type FamilyName,
  familyIn,
  familyNames,
  familyOf,
  isFamilyName,
} from "./families.ts";

export const askingName = "fovea.json";
const MOST_BYTES = 100_000;

const recordSchema = z.object({
  version: z.literal(1),
  /** The question alone, or the harness' templates of a family. */
  prompt: z.enum(["bare", "templates"]),
  family: z.enum(familyNames),
  places: z.object({ scale: z.enum(scaleNames), order: z.enum(["xy", "yx"]), form: z.enum(placeForms) }),
});

/** Whether a tokenizer has a token. */
export type Knows = (token: string) => boolean;

/**
 * How a model of these folders (an adapter's before its base's) is asked: as the first of them that records it says;
 * else as its family is published. Throws a `UserError` for a record that cannot be read.
 */
export async function askingOf(
  folders: readonly GivenSource[],
  askedAs: string,
  knows: Knows,
): Promise<Asking> {
  for (const folder of folders) {
    const found = await readAsking(folder);
    if (found !== undefined) return found;
  }
  return publishedAsking(askedAs, knows);
}

/** What a folder records; undefined where it records nothing. */
export async function readAsking(given: GivenSource): Promise<Asking | undefined> {
  const source = sourceOf(given);
  const path = source.place(askingName);
  const text = await source.text(askingName, MOST_BYTES);
  // Folders that were trained here before there was a record: they know bare questions and hundredths.
  if (text === undefined)
    return (await source.size("training.yaml")) === undefined ? undefined : plain(familyOf("fovea"));
  return parseAsking(parseJson(text, path), path);
}

/** A record as {@link askingRecord} makes it. Throws a `UserError` that names the wrong field of `source`. */
export function parseAsking(json: unknown, source: string): Asking {
  const parsed = recordSchema.safeParse(json);
  if (!parsed.success) {
    const [{ path: at, message }] = parsed.error.issues;
    throw new UserError(`${source}: ${at.length > 0 ? `${at.join(".")}: ` : ""}${message}`);
  }
  const { prompt, family, places } = parsed.data;
  return asked(family, prompt === "bare", places);
}

/** The published form of this name, which is a model type or what a family says of itself. */
export function publishedAsking(askedAs: string, knows: Knows): Asking {
  const family = familyOf(isFamilyName(askedAs) ? askedAs : "generic");
  const able = family.places.form !== "tokens" || knows("<loc0000>");
  return plain(able ? family : familyOf("generic"));
}

/**
 * How a model will be asked that is trained here: bare questions, and places as its start writes them. A fresh one
 * (`start` undefined) writes hundredths.
 */
export async function trainedAsking(
  start: string | undefined,
  askedAs: string,
  knows: Knows,
): Promise<Asking> {
  if (start === undefined) return plain(familyOf("fovea"));
  return bareAsking(await askingOf([start], askedAs, knows));
}

/** The same with bare questions, as training here asks them. */
export function bareAsking({ name, places }: Asking): Asking {
  return asked(familyIn(name), true, places);
}

/** The record as a folder's further file. */
export function askingFile(asking: Asking): Readonly<Record<string, Json>> {
  return { [askingName]: askingRecord(asking) };
}

export function askingRecord({ name, bare, places: { scale, order, form } }: Asking): Json {
  const places = { scale, order, form };
  return { version: 1, prompt: bare ? "bare" : "templates", family: familyIn(name), places };
}

function asked(family: FamilyName, bare: boolean, places: PlaceStyle): Asking {
  const names: readonly FamilyName[] = bare ? familyNames : [family];
  const known = names.map(familyOf).find((other) => other.bare === bare && isSame(other.places, places));
  if (known !== undefined) return plain(known);
  return { name: `${family} ${bare ? "bare" : "templates"} ${places.scale} ${places.order}`, bare, places };
}

const isSame = (a: PlaceStyle, b: PlaceStyle) =>
  a.scale === b.scale && a.order === b.order && a.form === b.form;

const plain = ({ name, bare, places }: AnswerFamily): Asking => ({ name, bare, places });
