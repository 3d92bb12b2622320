/** A tokenizer's files with a special token more: what a new model needs for its images. */
import { type Json, openTokenizer, type TokenizerFiles } from "./tokenizer.ts";

/**
 * The files of a tokenizer with a special token more, and its id: the next free one. A token that is there
 * already stays where it is.
 */
export function withSpecialToken(
  files: TokenizerFiles,
  content: string,
): { readonly files: TokenizerFiles; readonly id: number } {
  const opened = openTokenizer(files);
  const known = opened.tokenId(content);
  if (known !== undefined) return { files, id: known };
  const id = opened.vocabSize;
  const flags = {
    content,
    lstrip: false,
    normalized: false,
    rstrip: false,
    single_word: false,
    special: true,
  };
  const added = (files.tokenizer.added_tokens ?? []) as readonly Json[];
  const decoder = files.tokenizerConfig.added_tokens_decoder as Json | undefined;
  return {
    id,
    files: {
      tokenizer: { ...files.tokenizer, added_tokens: [...added, { id, ...flags }] },
      tokenizerConfig: {
        ...files.tokenizerConfig,
        ...(decoder && { added_tokens_decoder: { ...decoder, [id]: flags } }),
      },
    },
  };
}
