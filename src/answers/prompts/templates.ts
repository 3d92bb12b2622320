/**
 * Prompts from templates: what a model is asked, by the kind of answer, its family and the task.
 *
 *     ownTemplates()                              default.yaml's, which default.json holds for every reader
 *     promptText(templates, asking, question, frame)
 *     readTemplates(path), choosePrompts(...)     a user's own; the prompts of a run (chosen.ts)
 */
import { z } from "zod";
import { UserError } from "../../common/errors.ts";
import { type Frame, type PlaceStyle, rangeOf, type Scale } from "../../grounding/text.ts";
import { type Asking, familyIn } from "../families.ts";
import { cellName } from "../judge.ts";
import { type WrittenQuestion, writeQuestion } from "../write.ts";
import own from "./default.json" with { type: "json" };

const texts = z.record(z.string(), z.string());
export const templatesSchema = z.strictObject({
  types: texts,
  tasks: texts.default({}),
  families: z
    .record(z.string(), z.strictObject({ types: texts.default({}), tasks: texts.default({}) }))
    .default({}),
});

export type Templates = z.infer<typeof templatesSchema>;

let known: Templates | undefined;

/** The templates of `prompts/default.yaml`. */
export function ownTemplates(): Templates {
  known ??= templatesSchema.parse(own);
  return known;
}

/** What a prompt needs of a question. */
export interface PromptQuestion extends WrittenQuestion {
  readonly task: string;
  readonly choices?: readonly string[];
  readonly difficulty?: Readonly<Record<string, number | string>>;
}

/** A question as a model is asked it. Throws a `UserError` when its kind of answer has no template. */
export function promptText(all: Templates, asking: Asking, question: PromptQuestion, frame: Frame): string {
  const own = { ...question, question: writeQuestion(question, asking.places, frame) };
  return fill(templateAt(all, placeOf(all, asking, own)) as string, variables(own, asking, frame));
}

/** Where the file holds the template of a question: the most special place that has one. */
export function placeOf(all: Templates, { name, bare }: Asking, question: PromptQuestion): string {
  const type = templateType(question);
  const family = bare ? "fovea" : familyIn(name);
  const places = [
    `families.${family}.tasks.${question.task}`,
    `families.${family}.types.${type}`,
    `tasks.${question.task}`,
    `types.${type}`,
  ];
  const found = places.find((place) => templateAt(all, place) !== undefined);
  if (found === undefined) throw new UserError(`prompts: no template for answers of type ${type}`);
  return found;
}

export function templateAt(all: Templates, place: string): string | undefined {
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
  const { width, height } = frame.processed;
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
