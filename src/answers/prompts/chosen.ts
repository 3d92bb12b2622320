/** The prompts of a run: templates of Fovea or of a user's file, those that its questions use, and their hash. */
import { createHash } from "node:crypto";
import { UserError } from "../../common/errors.ts";
import type { Size } from "../../common/image.ts";
import { readRegular } from "../../common/inside.ts";
import { parseYaml } from "../../common/yaml.ts";
import { type AnswerFamily, frameFor } from "../families.ts";
import {
  ownTemplates,
  type PromptQuestion,
  placeOf,
  promptText,
  type Templates,
  templateAt,
  templatesSchema,
} from "./templates.ts";

/** The templates of a YAML file of the form of `prompts/default.yaml`; default: that one. */
export async function readTemplates(path?: string): Promise<Templates> {
  if (path === undefined) return ownTemplates();
  const bytes = await readRegular(path, `prompts ${path}`, 2 ** 20, "a readable file");
  const read = templatesSchema.safeParse(parseYaml(bytes.toString("utf8"), `prompts ${path}`));
  if (read.success) return read.data;
  const [{ path: at, message }] = read.error.issues;
  throw new UserError(`prompts ${path}: ${at.join(".")}: ${message}`);
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
    templates[place] = templateAt(all, place) as string;
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

/** The copy that a run folder keeps. */
export function promptsFile({ family, templates }: ChosenPrompts): string {
  return `${JSON.stringify({ family: family.name, templates }, null, 2)}\n`;
}
