/**
 * How texts are cut into words before byte-level BPE, by the name that a GGUF file gives it (`tokenizer.ggml.pre`): the
 * expressions are those of the models' own tokenizer.json, which llama.cpp keeps by name (llama-vocab.cpp).
 */
import type { Json } from "../text/tokenizer.ts";

export interface PreTokenizer {
  /** Parts of tokenizer.json. */
  readonly normalizer: Json | null;
  readonly preTokenizer: Json;
  /** Words that are tokens are taken whole, whatever the merges make of them. */
  readonly ignoreMerges: boolean;
  /** Whether texts begin with BOS where the file does not say. */
  readonly addBos: boolean;
}

const byteLevel = (regex: boolean): Json => ({
  type: "ByteLevel",
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: regex,
});

const splitAt = (Regex: string, regex: boolean): Json => ({
  type: "Sequence",
  pretokenizers: [
    { type: "Split", pattern: { Regex }, behavior: "Isolated", invert: false },
    byteLevel(regex),
  ],
});
const split = (Regex: string): Json => splitAt(Regex, false);

const contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const rest = " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const letters = "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+";
const [upper, lower] = ["\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}", "\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}"];

const plain = { normalizer: null, ignoreMerges: false, addBos: false };

const gpt2: PreTokenizer = { ...plain, preTokenizer: byteLevel(true) };

/** Digits one by one, of any script, then as GPT-2. */
const digits: PreTokenizer = { ...plain, preTokenizer: splitAt("\\p{N}", true) };

/** Up to three digits together. */
const llama3: PreTokenizer = {
  ...plain,
  ignoreMerges: true,
  addBos: true,
  preTokenizer: split(`${contractions}|${letters}|\\p{N}{1,3}|${rest}`),
};

const qwen2: PreTokenizer = {
  ...plain,
  normalizer: { type: "NFC" },
  preTokenizer: split(`${contractions}|${letters}|\\p{N}|${rest}`),
};

/** Mistral's: words end where small letters are followed by capitals. */
const tekken: PreTokenizer = {
  ...plain,
  ignoreMerges: true,
  addBos: true,
  preTokenizer: split(
    `[^\\r\\n\\p{L}\\p{N}]?[${upper}]*[${lower}]+|[^\\r\\n\\p{L}\\p{N}]?[${upper}]+[${lower}]*|\\p{N}|` +
      " ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  ),
};

export const preTokenizers: Readonly<Record<string, PreTokenizer>> = {
  "gpt-2": gpt2,
  smollm: digits,
  starcoder: digits,
  refact: digits,
  "llama-bpe": llama3,
  "llama-v3": llama3,
  llama3,
  qwen2,
  "deepseek-r1-qwen": qwen2,
  tekken,
};
