import type { Vlm } from "../vlm/open.ts";
import { unknownWords } from "../vlm/words.ts";

/** Says on standard error what people should know of a model before they read what it says about `texts`. */
export function tellModel(
  command: string,
  model: Pick<Vlm, "chat" | "name">,
  texts: readonly string[] = [],
): void {
  for (const note of modelNotes(model, texts)) console.error(`${command}: ${note}`);
}

function modelNotes(model: Pick<Vlm, "chat" | "name">, texts: readonly string[]): string[] {
  const words = [...new Set(texts.flatMap((text) => unknownWords(model, text)))];
  return [
    ...(model.chat.isStandIn ? [`${model.name} has no chat template: it is asked in LLaVA-1.5's form`] : []),
    ...(words.length > 0
      ? [
          `unknown to ${model.name}, and all the same to it: ${words.map((word) => JSON.stringify(word)).join(", ")}`,
        ]
      : []),
  ];
}
