/** What a model answers without a picture. */
import { type Chat, promptParts } from "../../hub/text/chat.ts";
import { answerText, decodingOf } from "../../vlm/answer.ts";
import { configKey, type Vlm } from "../../vlm/open.ts";

/** Greedy answers to instructions, each as a conversation of its own in the model's chat template. */
export async function answersWithoutPicture(
  model: Vlm,
  instructions: readonly string[],
  maxNewTokens: number,
): Promise<string[]> {
  if (instructions.length === 0) return [];
  const programs = { functions: model.programs, kind: configKey(model) };
  const generator = model.family.createGenerator({ maxNewTokens, ...decodingOf(model), programs });
  const prompts = instructions.map((text) => ({ ids: instructionIds(model.chat, text), ...noImages }));
  const answers = await generator.generate(model.params, prompts);
  return answers.map(({ tokens, ended }) => answerText(model, ended ? tokens.slice(0, -1) : tokens));
}

const noImages = { layout: { images: [] }, images: [] };

function instructionIds(chat: Chat, text: string): number[] {
  const { prefix, question } = promptParts(chat, { question: text, images: [] });
  return [...prefix, ...question];
}
