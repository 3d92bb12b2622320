import type { Vlm } from "../vlm/open.ts";
import { unknownWords } from "../vlm/words.ts";
import { say } from "./say.ts";

/** Says on standard error what people should know of a model before they read what it says about `texts`. */
export function tellModel(
  command: string,
  model: Pick<Vlm, "chat" | "name">,
  texts: readonly string[] = [],
): void {
  for (const note of modelNotes(model, texts)) say(`${command}: ${note}`);
}

/** Says that a model of this name is not asked in a form of its own. */
export function tellStandIn(command: string, name: string, isStandIn: boolean): void {
  for (const note of standInNotes(name, isStandIn)) say(`${command}: ${note}`);
}

function standInNotes(name: string, isStandIn: boolean): string[] {
  return isStandIn ? [`${name} has no chat template: it is asked in LLaVA-1.5's form`] : [];
}

function modelNotes(model: Pick<Vlm, "chat" | "name">, texts: readonly string[]): string[] {
  const words = [...new Set(texts.flatMap((text) => unknownWords(model, text)))];
  return [
    ...standInNotes(model.name, model.chat.isStandIn),
    ...(words.length > 0
      ? [
          `unknown to ${model.name}, and all the same to it: ${words.map((word) => JSON.stringify(word)).join(", ")}`,
        ]
      : []),
  ];
}
