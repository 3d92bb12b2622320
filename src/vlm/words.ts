import type { Vlm } from "./open.ts";

/**
 * The words of a text, separated by white space, that a model's tokenizer replaces by its unknown token: the model sees all
 * of them as one and the same. None where the tokenizer can spell every text.
 */
export function unknownWords({ chat }: Pick<Vlm, "chat">, text: string): string[] {
  const { special } = chat.tokenizer;
  const { unk } = special;
  if (unk === undefined) return [];
  return text.split(/\s+/).filter((word) => word !== "" && chat.tokenizer.encode(word).includes(unk));
}
