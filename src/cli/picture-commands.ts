/** What `lens`, `attend` and `segment` share: pictures in, a folder of files for each out. */
import { readdir } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { mustBe, UserError } from "../common/errors.ts";
import { mustBeWritable, writeFileWhole, writeFolderWhole } from "../common/files.ts";
import type { RgbImage } from "../common/image.ts";
import { pictureSize, readImage } from "../hub/image/image-file.ts";
import { modelFolder } from "../hub/net/cache.ts";
import { type ColourMap, colourMaps } from "../lens/colour.ts";
import { openVlm, type Vlm } from "../vlm/open.ts";
import { needed, numberIn, oneOf, report } from "./arguments.ts";
import { type MachineChoice, machineOf } from "./device.ts";
import { tellModel } from "./model-notes.ts";
import type { Patience } from "./patience.ts";
import { weightsOf } from "./weights.ts";

export const pictureArg = {
  type: "positional",
  required: false,
  description: "one or more picture files",
} as const;

export const replaceArg = {
  type: "boolean",
  default: false,
  description: "replace what an earlier call wrote there",
} as const;

const paintings = ["heat", "cividis", "viridis", "magma"] as const;

export const coloursArg = {
  type: "string",
  default: "heat",
  description: `colours of maps: ${paintings.join(" | ")}`,
} as const;

export function coloursOf(command: string, value: string): ColourMap {
  return colourMaps[oneOf(command, "--colours", value, paintings)];
}

/** The value that the strongest colour stands for: above 0, at most 1. */
export function maxOf(command: string, value: string | undefined): number | undefined {
  const max = numberIn(command, "--max", value, { least: 0, fraction: true });
  if (max === 0) throw mustBe(command, "--max", "above 0", value);
  return max;
}

/** The pictures named on the command line. */
export function picturesOf(command: string, words: readonly string[]): readonly string[] {
  needed(command, "a picture file", words[0], `for example: fovea ${command} cat.png ...`);
  return words;
}

export interface Places {
  readonly out: string;
  readonly replace: boolean;
}

/**
 * Throws a UserError unless every picture can be opened and files can be written to `out`: a new or empty folder, or one
 * that an earlier call wrote and that is to be replaced.
 */
export async function mustBeReady(
  command: string,
  paths: readonly string[],
  { out, replace }: Places,
): Promise<void> {
  const names = await entriesOf(command, out);
  if (names.length > 0 && !replace)
    throw mustBe(command, "--out", "a new or empty folder", out, "--replace replaces what is there");
  const other = names.find((name) => !isOurs(name));
  if (other !== undefined)
    throw mustBe(command, "--out", `a folder that ${command} wrote`, out, `${other} in it is not of ours`);
  await mustBeWritable(out, { replace, what: `${command}: --out ${out}` });
  for (const path of paths) await pictureSize(path);
}

/** Files of the folder and of the folders in it. */
async function entriesOf(command: string, out: string): Promise<string[]> {
  try {
    const entries = await readdir(out, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return [];
    throw new UserError(`${command}: --out ${out} cannot be used: ${message}`, { cause: error });
  }
}

/** The values that each command writes beside its pictures. */
const jsonNames = ["maps.json", "words.json", "patches.json", "attention.json", "mask.json"];

function isOurs(name: string): boolean {
  return jsonNames.includes(name) || extname(name) === ".png" || extname(name) === ".html";
}

/** One picture that a command works on, and where its files go. */
export interface PictureOut {
  readonly path: string;
  readonly image: RgbImage;
  /** Keeps a file in the picture's folder; gives the path at which it will lie. */
  readonly write: (name: string, content: string | Uint8Array) => Promise<string>;
}

export interface EachPictureOptions extends Places {
  readonly waiting: Patience;
}

/**
 * Handles one picture after the other and writes the folder whole: the files of one picture lie in it, of several in
 * folders of the pictures' names.
 */
export async function forEachPicture<T>(
  paths: readonly string[],
  { out, replace, waiting }: EachPictureOptions,
  handle: (one: PictureOut) => Promise<T>,
): Promise<T[]> {
  const folders =
    paths.length === 1 ? [""] : distinctNames(paths.map((path) => basename(path, extname(path))));
  const results: T[] = [];
  const fill = async (temporary: string) => {
    for (const [i, path] of paths.entries()) {
      if (paths.length === 1) waiting.say(path);
      else waiting.say(`picture ${i + 1} of ${paths.length}, ${path}`, { done: i, total: paths.length });
      const write = async (name: string, content: string | Uint8Array) => {
        await writeFileWhole(join(temporary, folders[i], name), content);
        return join(out, folders[i], name);
      };
      results.push(await handle({ path, image: await readImage(path), write }));
    }
  };
  await writeFolderWhole(out, fill, { replace });
  return results;
}

/** File names of words or pictures: letters, digits and dots stay; names alike, whatever their case, get numbers. */
export function distinctNames(texts: readonly string[]): string[] {
  const taken = new Set<string>();
  return texts.map((text) => {
    const plain = text.replaceAll(/[^\p{L}\p{N}\p{M}._]+/gu, "-").replaceAll(/^[-.]+|-+$/gu, "") || "picture";
    let name = plain;
    for (let i = 2; taken.has(name.toLowerCase()); i++) name = `${plain}-${i}`;
    taken.add(name.toLowerCase());
    return name;
  });
}

/** One picture's facts as they are; of several, a list. */
function together(facts: { readonly model: string }, pictures: readonly object[]): object {
  return pictures.length === 1 ? { ...facts, ...pictures[0] } : { ...facts, pictures };
}

/** What a command found in each picture, and the page that it wrote: one JSON object, or lines. */
export function reportAll(
  json: boolean,
  model: string,
  found: readonly { readonly facts: object; readonly lines: readonly string[] }[],
  html?: string,
): void {
  const facts = found.map((one) => one.facts);
  const page = html === undefined ? [] : [`the page to click through is ${html}`];
  report(json, { ...together({ model }, facts), ...(html !== undefined && { html }) }, [
    ...found.flatMap(({ lines }) => lines),
    ...page,
  ]);
}

/** The model that a command opens, from its `--model` and `--weights`; says that it is being opened. */
export async function openNamedModel(
  command: string,
  args: { readonly model?: string; readonly weights: string } & MachineChoice,
  waiting: Patience,
  questions: readonly string[] = [],
): Promise<{ readonly folder: string; readonly model: Vlm }> {
  const machine = { ...machineOf(command, args), arena: true };
  const folder = await modelFolder(needed(command, "--model", args.model));
  waiting.say(`opening ${folder}`);
  const model = await openVlm(folder, { weights: weightsOf(command, args.weights), machine });
  tellModel(command, model, questions);
  return { folder, model };
}
