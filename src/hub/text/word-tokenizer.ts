/** A tokenizer made from a closed list of words: for models that are trained from nothing on scenes. */
import type { TokenizerFiles } from "./tokenizer.ts";

/** Special tokens of a word tokenizer, at ids 0 to 4. */
export const wordSpecials = ["<pad>", "<s>", "</s>", "<unk>", "<image>"] as const;

/** Marks that are always tokens of their own. */
const marks = [".", ",", ":", ";", "?", "!", "(", ")", "[", "]", '"'];

/** Words that the default chat template puts around a question. */
const templateWords = ["USER", "ASSISTANT"];

/**
 * The files of a tokenizer with one token a word, for models that are trained from nothing on a closed
 * vocabulary. Texts are split at white space and around {@link marks} (not at the point in 0.5); hyphens,
 * apostrophes, case and accents stay inside a word. Ids: {@link wordSpecials}, marks, template words, then
 * the words of `texts` in order of first appearance. `texts` are words or whole sentences: every piece of
 * them becomes a token.
 */
export function wordTokenizer(texts: Iterable<string>): TokenizerFiles {
  const words = new Set<string>([...wordSpecials, ...marks, ...templateWords]);
  for (const text of texts) for (const word of splitWords(text)) words.add(word);
  return { tokenizer: tokenizerJson([...words]), tokenizerConfig: tokenizerConfigJson() };
}

/** Unicode's White_Space, spelt out: engines of regular expressions differ in what `\s` holds. */
const space = "[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+";
/** The characters of {@link marks}, as one place in a text. */
const mark = '[,:;?!()\\[\\]"]|\\.(?![0-9])';
const boundary = new RegExp(`${space}|(${mark})`, "u");

function splitWords(text: string): string[] {
  return text.split(boundary).filter((piece) => piece);
}

function tokenizerJson(words: readonly string[]) {
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: wordSpecials.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        { type: "Split", pattern: { Regex: space }, behavior: "Removed", invert: false },
        { type: "Split", pattern: { Regex: mark }, behavior: "Isolated", invert: false },
      ],
    },
    post_processor: null,
    // Joins words by spaces and takes the space before ".", ",", "?" and "!" away again.
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordLevel",
      vocab: Object.fromEntries(words.map((word, id) => [word, id])),
      unk_token: "<unk>",
    },
  };
}

function tokenizerConfigJson() {
  return {
    tokenizer_class: "PreTrainedTokenizerFast",
    processor_class: "LlavaProcessor",
    pad_token: "<pad>",
    bos_token: "<s>",
    eos_token: "</s>",
    unk_token: "<unk>",
    image_token: "<image>",
    clean_up_tokenization_spaces: false,
  };
}
