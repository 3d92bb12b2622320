import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { z } from "zod";
import { UserError } from "../../common/errors.ts";
import { type AnswerFamily, type FamilyName, familyOf } from "../families.ts";
import type { ItemRecord } from "../record.ts";

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
  const text = await readFile(path, "utf8").catch((cause) => {
    throw new UserError(`prompts ${path}: cannot be read: ${cause.message}`, { cause });
  });
  try {
    return templatesSchema.parse(parse(text));
  } catch (cause) {
    const [first] = cause instanceof z.ZodError ? cause.issues : [];
    const problem = first ? `${first.path.join(".")}: ${first.message}` : (cause as Error).message;
    throw new UserError(`prompts ${path}: ${problem.split("\n")[0]}`, { cause });
  }
}

/** The templates that some items use, each under its place in the file, and how places are written. */
export interface ChosenPrompts {
  readonly family: FamilyName;
  readonly templates: Readonly<Record<string, string>>;
  /** SHA-256 of everything a prompt depends on. */
  readonly hash: string;
  /** What a model of this family is asked. Width and height are of the picture as it is sent. */
  prompt(item: ItemRecord, sent: { readonly width: number; readonly height: number }): string;
}

/** Throws a `UserError` when a kind of answer has no template. */
export function choosePrompts(
  all: Templates,
  family: FamilyName,
  items: readonly ItemRecord[],
): ChosenPrompts {
  const facts = familyOf(family);
  const templates: Record<string, string> = {};
  for (const item of items) {
    const place = placeOf(all, family, item);
    templates[place] = at(all, place) as string;
  }
  const sorted = Object.fromEntries(Object.entries(templates).sort(([a], [b]) => (a < b ? -1 : 1)));
  const convention = { scale: facts.scale, order: facts.order };
  return {
    family,
    templates: sorted,
    hash: createHash("sha256")
      .update(JSON.stringify([sorted, convention]))
      .digest("hex"),
    prompt: (item, sent) => fill(templates[placeOf(all, family, item)], variables(item, facts, sent)),
  };
}

/** Where the file holds the template of an item: the most special place that has one. */
function placeOf(all: Templates, family: FamilyName, item: ItemRecord): string {
  const type = templateType(item);
  const places = [
    `families.${family}.tasks.${item.task}`,
    `families.${family}.types.${type}`,
    `tasks.${item.task}`,
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
function templateType({ answerType, choices, answer }: ItemRecord): string {
  if ((answerType === "label" || answerType === "text") && choices) return `${answerType}-choices`;
  // Only the form of the right answer is looked at: the data calls its cells by names or by row and column.
  if (answerType === "cell" && /^\s*[a-z]\s*\d+\s*$/i.test(answer)) return "cell-name";
  return answerType;
}

function variables(item: ItemRecord, family: AnswerFamily, sent: { width: number; height: number }) {
  const [first, second] = family.order === "xy" ? ["x", "y"] : ["y", "x"];
  const size = family.resizes ? sent : (family.seen?.(item) ?? sent);
  return {
    question: asSentence(item.question),
    bare: item.question,
    choices: item.choices?.join(", ") ?? "",
    width: String(size.width),
    height: String(size.height),
    point: `[${first}, ${second}]`,
    box: `[${first}0, ${second}0, ${first}1, ${second}1]`,
    range: ranges[family.scale](size),
    cells: `${item.difficulty.grid ? `${item.difficulty.grid} x ${item.difficulty.grid} ` : ""}equal cells`,
  };
}

const ranges: Readonly<Record<AnswerFamily["scale"], (size: { width: number; height: number }) => string>> = {
  unit: () => "x and y as shares of the picture's width and height, from 0 to 1, with three decimals",
  hundredths: () => "x and y as whole hundredths of the picture's width and height, from 0 to 99",
  thousand: () => "x and y as whole numbers from 0 to 1000, in thousandths of the picture's width and height",
  pixels: ({ width, height }) =>
    `in pixels of the picture, which is ${width} pixels wide and ${height} pixels high`,
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
  return `${JSON.stringify({ family, templates }, null, 2)}\n`;
}
