/** Where an answer ends, and its text. */
import type { GeneratorOptions, PromptKnockOut } from "../models/contract/generation.ts";
import { configKey, type Vlm } from "./open.ts";
import { type Prompt, promptRow } from "./prompt.ts";

/** A generated answer: its tokens without the end, and whether the model ended it. */
export interface Answer {
  readonly ids: number[];
  ended: boolean;
}

/**
 * The greedy answer to one prompt, token by token with a key-value cache, of `maxNewTokens` at most, the end among them; with
 * `knockOut`, of a model that does not see what it says.
 */
export async function greedyAnswer(
  model: Vlm,
  prompt: Prompt,
  maxNewTokens: number,
  knockOut?: PromptKnockOut,
): Promise<Answer> {
  const programs = { functions: model.programs, kind: configKey(model) };
  const options = { maxNewTokens, ...decodingOf(model), programs };
  const generator = model.family.createGenerator(options);
  const [{ tokens, ended }] = await generator.generate(model.params, [promptRow(prompt)], { knockOut });
  return { ids: ended ? tokens.slice(0, -1) : [...tokens], ended };
}

/** An answer's text, without special tokens and the space that templates put before it. */
export function answerText(model: Vlm, ids: readonly number[]): string {
  return model.chat.tokenizer.decode(ids, { skipSpecialTokens: true }).trim();
}

/** How many of a model's tokens have no text: its tables may have rows behind the tokenizer's last id. */
export function unknownTokens(model: Vlm, ids: readonly number[]): number {
  return ids.filter((id) => model.chat.tokenizer.token(id) === undefined).length;
}

/** How its folder says that a model decodes, and where its programs run. */
export function decodingOf(
  model: Vlm,
): Pick<GeneratorOptions, "eosTokenIds" | "repetitionPenalty" | "machine"> {
  const { machine } = model.programs;
  return {
    eosTokenIds: endIds(model),
    repetitionPenalty: model.repetitionPenalty,
    ...(machine && { machine }),
  };
}

/** Ids that end an answer. */
export function endIds(model: Vlm): number[] {
  const { eos } = model.chat.tokenizer.special;
  return [...new Set([...model.facts.eosTokenIds, ...(eos === undefined ? [] : [eos])])];
}
