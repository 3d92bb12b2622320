import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { z } from "zod";
import { UserError } from "../../common/errors.ts";
import type { Size } from "../../common/image.ts";
import { readRegular } from "../../common/inside.ts";
import { parseYaml } from "../../common/yaml.ts";
import { type Frame, type PlaceStyle, rangeOf, type Scale } from "../../grounding/text.ts";
import { type AnswerFamily, type Asking, familyIn, frameFor } from "../families.ts";
import { cellName } from "../judge.ts";
import { type WrittenQuestion, writeQuestion } from "../write.ts";

const texts = z.record(z.string(), z.string());
const templatesSchema = z.strictObject({
  types: texts,
  tasks: texts.default({}),
  families: z
    .record(z.string(), z.strictObject({ types: texts.default({}), tasks: texts.default({}) }))
    .default({}),
});

export type Templates = z.infer<typeof templatesSchema>;

const ownFile = new URL("./default.yaml", import.meta.url);

/** The templates of `prompts/default.yaml`, or of another file of that form. */
export async function readTemplates(path: string | URL = ownFile): Promise<Templates> {
  const file = path instanceof URL ? fileURLToPath(path) : path;
  const bytes = await readRegular(file, `prompts ${path}`, 2 ** 20, "a readable file");
  const read = templatesSchema.safeParse(parseYaml(bytes.toString("utf8"), `prompts ${path}`));
  if (read.success) return read.data;
  const [{ path: at, message }] = read.error.issues;
  throw new UserError(`prompts ${path}: ${at.join(".")}: ${message}`);
}

let known: Templates | undefined;

/** The templates of `prompts/default.yaml`, read once. */
export function ownTemplates(): Templates {
  known ??= templatesSchema.parse(parse(readFileSync(ownFile, "utf8")));
  return known;
}

/** What a prompt needs of a question. */
export interface PromptQuestion extends WrittenQuestion {
  readonly task: string;
  readonly choices?: readonly string[];
  readonly difficulty?: Readonly<Record<string, number | string>>;
}

/** A question about a picture of a size. */
type SizedQuestion = PromptQuestion & Size;

/** The templates that some questions use, each under its place in the file, and how places are written. */
export interface ChosenPrompts {
  readonly family: AnswerFamily;
  readonly templates: Readonly<Record<string, string>>;
  /** SHA-256 of everything a prompt depends on. */
  readonly hash: string;
  /** What a model of this family is asked. */
  prompt(question: SizedQuestion): string;
}

/** Throws a `UserError` when a kind of answer has no template. */
export function choosePrompts(
  all: Templates,
  family: AnswerFamily,
  questions: readonly PromptQuestion[],
): ChosenPrompts {
  const templates: Record<string, string> = {};
  for (const question of questions) {
    const place = placeOf(all, family, question);
    templates[place] = at(all, place) as string;
  }
  const sorted = Object.fromEntries(Object.entries(templates).sort(([a], [b]) => (a < b ? -1 : 1)));
  return {
    family,
    templates: sorted,
    hash: createHash("sha256")
      .update(JSON.stringify([sorted, family.places]))
      .digest("hex"),
    prompt: (question) => promptText(all, family, question, frameFor(family, question)),
  };
}

/** A question as a model is asked it. Throws a `UserError` when its kind of answer has no template. */
export function promptText(all: Templates, asking: Asking, question: PromptQuestion, frame: Frame): string {
  const own = { ...question, question: writeQuestion(question, asking.places, frame) };
  return fill(at(all, placeOf(all, asking, own)) as string, variables(own, asking, frame));
}

/** Where the file holds the template of a question: the most special place that has one. */
function placeOf(all: Templates, { name, bare }: Asking, question: PromptQuestion): string {
  const type = templateType(question);
  const family = bare ? "fovea" : familyIn(name);
  const places = [
    `families.${family}.tasks.${question.task}`,
    `families.${family}.types.${type}`,
    `tasks.${question.task}`,
    `types.${type}`,
  ];
  const found = places.find((place) => at(all, place) !== undefined);
  if (found === undefined) throw new UserError(`prompts: no template for answers of type ${type}`);
  return found;
}

function at(all: Templates, place: string): string | undefined {
  const [group, ...rest] = place.split(".");
  if (group === "families")
    return all.families[rest[0]]?.[rest[1] as "types" | "tasks"]?.[rest.slice(2).join(".")];
  return all[group as "types" | "tasks"][rest.join(".")];
}

/** Kinds of answers that need words of their own: with choices, and cells by their names. */
function templateType({ answerType = "text", choices, answer }: PromptQuestion): string {
  if ((answerType === "label" || answerType === "text") && choices) return `${answerType}-choices`;
  // Only the form of the right answer is looked at: the data calls its cells by names or by row and column.
  if (answerType === "cell" && cellName.test(answer)) return "cell-name";
  return answerType;
}

function variables(item: PromptQuestion, { places }: Asking, frame: Frame) {
  const [first, second] = places.order === "xy" ? ["x", "y"] : ["y", "x"];
  const { width, height } = frame.seen;
  return {
    question: asSentence(item.question),
    bare: item.question,
    choices: item.choices?.join(", ") ?? "",
    width: String(width),
    height: String(height),
    point: placeholder([first, second], places),
    box: placeholder([`${first}0`, `${second}0`, `${first}1`, `${second}1`], places),
    range: ranges[places.scale](rangeOf(places, frame)),
    cells: `${item.difficulty?.grid ? `${item.difficulty.grid} x ${item.difficulty.grid} ` : ""}equal cells`,
  };
}

function placeholder(names: readonly string[], { form }: PlaceStyle): string {
  if (form === "tokens") return names.map((name) => `<loc ${name}>`).join("");
  return form === "list" ? `[${names.join(", ")}]` : names.join(" ");
}

type Range = { readonly width: number; readonly height: number };
const inPixels = ({ width, height }: Range) =>
  `in pixels of the picture, which is ${width} pixels wide and ${height} pixels high`;

const ranges: Readonly<Record<Scale, (range: Range) => string>> = {
  unit: () => "x and y as shares of the picture's width and height, from 0 to 1, with three decimals",
  hundredths: () => "x and y as whole hundredths of the picture's width and height, from 0 to 99",
  thousand: () => "x and y as whole numbers from 0 to 1000, in thousandths of the picture's width and height",
  resized: inPixels,
  pixels: inPixels,
  bins: () => "x and y as location tokens from 0000 to 1023",
};

function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\{(\w+)\}/g, (place, name: string) =>
    Object.hasOwn(values, name) ? values[name] : place,
  );
}

/** "where is the cat ?" -> "Where is the cat?": data for small models sets its marks apart. */
function asSentence(question: string): string {
  const joined = question.trim().replaceAll(/\s+([?.!,;:])/g, "$1");
  return joined.charAt(0).toUpperCase() + joined.slice(1);
}

/** The copy that a run folder keeps. */
export function promptsFile({ family, templates }: ChosenPrompts): string {
  return `${JSON.stringify({ family: family.name, templates }, null, 2)}\n`;
}
