/**
 * The tokenizer of a GGUF file as tokenizer.json and tokenizer_config.json: byte-level BPE (`gpt2`) with the pre-tokenizer
 * that the file names, or SentencePiece's BPE (`llama`) with merges that follow from its scores.
 *
 *     ggufTokenizer(gguf)   -> TokenizerFiles
 */
import type { Json, TokenizerFiles } from "../text/tokenizer.ts";
import { type GgufFields, ggufFields } from "./fields.ts";
import type { GgufFile } from "./open.ts";
import { preTokenizers } from "./pre-tokenizers.ts";
import { mergesOf } from "./sentencepiece.ts";

/** Kinds of tokens (llama.cpp's `llama_token_type`). */
const kinds = { unknown: 2, control: 3, userDefined: 4, unused: 5 };

/** What both models of tokenizers are made of. */
interface Vocabulary {
  readonly fields: GgufFields;
  /** By id, without those at the end that stand for no text. */
  readonly tokens: readonly string[];
  /** Ids by token. */
  readonly vocab: Readonly<Record<string, number>>;
  readonly kindOf: (id: number) => number;
}

interface Model {
  /** Parts of tokenizer.json. */
  readonly parts: Json;
  readonly addBos: boolean;
}

const field = (name: string) => `tokenizer.ggml.${name}`;

/** Throws a UserError for a kind of tokenizer that is not known, by its name. */
export function ggufTokenizer(gguf: GgufFile): TokenizerFiles {
  const fields = ggufFields(gguf);
  const name = fields.must(fields.text(field("model")), field("model"));
  if (!Object.hasOwn(models, name))
    throw fields.wrong(field("model"), `one of ${Object.keys(models).join(", ")}`, name);
  const vocabulary = readVocabulary(fields);
  const { parts, addBos } = models[name](vocabulary);
  const special = specialTokens(vocabulary);
  const ends = {
    bos: (fields.flag(field("add_bos_token")) ?? addBos) ? special.bos_token : undefined,
    eos: (fields.flag(field("add_eos_token")) ?? false) ? special.eos_token : undefined,
  };
  return {
    tokenizer: {
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: addedTokens(vocabulary),
      ...parts,
      post_processor: template(ends, vocabulary.vocab),
    },
    tokenizerConfig: {
      tokenizer_class: "PreTrainedTokenizerFast",
      clean_up_tokenization_spaces: false,
      ...special,
    },
  };
}

function readVocabulary(fields: GgufFields): Vocabulary {
  const all = fields.must(fields.texts(field("tokens")), field("tokens"));
  const types = fields.numbers(field("token_type"));
  if (types !== undefined && types.length !== all.length)
    throw fields.wrong(field("token_type"), `${all.length} numbers, one a token`, `${types.length} numbers`);
  const kindOf = (id: number) => types?.[id] ?? 0;
  let count = all.length;
  // Rows of padding behind the last token.
  while (count > 0 && kindOf(count - 1) === kinds.unused) count--;
  const tokens = all.slice(0, count);
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const twice = tokens.findIndex((token, id) => ids.get(token) !== id);
  if (twice >= 0)
    throw fields.wrong(field("tokens"), "each token once", `${tokens[twice]} twice, first as ${twice}`);
  return { fields, tokens, kindOf, vocab: Object.fromEntries(ids) };
}

const models: Readonly<Record<string, (vocabulary: Vocabulary) => Model>> = {
  gpt2({ fields, vocab }) {
    const name = fields.text(field("pre")) ?? "none";
    if (!Object.hasOwn(preTokenizers, name))
      throw fields.wrong(field("pre"), `one of ${Object.keys(preTokenizers).join(", ")}`, name);
    const { normalizer, preTokenizer, ignoreMerges, addBos } = preTokenizers[name];
    const merges = fields.must(fields.texts(field("merges")), field("merges"));
    return {
      addBos,
      parts: {
        normalizer,
        pre_tokenizer: preTokenizer,
        decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
        model: {
          ...bpe,
          ignore_merges: ignoreMerges,
          vocab,
          merges: merges.map((pair) => cut(pair, fields)),
        },
      },
    };
  },
  llama({ fields, tokens, vocab }) {
    const scores = fields.must(fields.numbers(field("scores")), field("scores"));
    if (scores.length < tokens.length)
      throw fields.wrong(
        field("scores"),
        `${tokens.length} numbers, one a token`,
        `${scores.length} numbers`,
      );
    const merges = mergesOf(tokens, scores);
    if (merges === undefined) throw fields.wrong(field("tokens"), "tokens of some characters", "longer ones");
    const prefixed = fields.flag(field("add_space_prefix")) ?? true;
    const unknown = tokens[fields.whole(field("unknown_token_id"), 0) ?? -1];
    const scheme = prefixed ? "first" : "never";
    return {
      addBos: true,
      parts: {
        normalizer: null,
        pre_tokenizer: { type: "Metaspace", replacement: "▁", prepend_scheme: scheme, split: false },
        decoder: {
          type: "Sequence",
          decoders: [
            { type: "Replace", pattern: { String: "▁" }, content: " " },
            { type: "ByteFallback" },
            { type: "Fuse" },
            ...(prefixed ? [{ type: "Strip", content: " ", start: 1, stop: 0 }] : []),
          ],
        },
        model: {
          ...bpe,
          unk_token: unknown ?? null,
          fuse_unk: true,
          byte_fallback: true,
          vocab,
          merges,
        },
      },
    };
  },
};

const bpe = {
  type: "BPE",
  dropout: null,
  unk_token: null,
  continuing_subword_prefix: null,
  end_of_word_suffix: null,
  fuse_unk: false,
  byte_fallback: false,
  ignore_merges: false,
};

/** `left right`; tokens of byte-level BPE have no spaces. */
function cut(merge: string, fields: GgufFields): [string, string] {
  const parts = merge.split(" ");
  if (parts.length === 2) return parts as [string, string];
  throw fields.wrong(field("merges"), "two tokens with a space between them", merge);
}

/** Special tokens, and those of users, which are found whole in a text too. */
function addedTokens({ tokens, kindOf }: Vocabulary): Json[] {
  return tokens.flatMap((content, id) => {
    const kind = kindOf(id);
    const special = kind === kinds.control || kind === kinds.unknown;
    if (!special && kind !== kinds.userDefined) return [];
    const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false };
    return [{ id, content, ...flags, special }];
  });
}

const specials = {
  bos_token: "bos_token_id",
  eos_token: "eos_token_id",
  unk_token: "unknown_token_id",
  pad_token: "padding_token_id",
};
type SpecialTokens = Partial<Record<keyof typeof specials, string>>;

function specialTokens({ fields, tokens }: Vocabulary): SpecialTokens {
  const found = Object.entries(specials).flatMap(([name, key]) => {
    const id = fields.whole(field(key), 0);
    if (id === undefined) return [];
    if (id < tokens.length) return [[name, tokens[id]]];
    throw fields.wrong(field(key), `the id of one of ${tokens.length} tokens`, id);
  });
  return Object.fromEntries(found);
}

/** What stands around every text. */
function template(
  { bos, eos }: { readonly bos?: string; readonly eos?: string },
  vocab: Readonly<Record<string, number>>,
): Json | null {
  if (bos === undefined && eos === undefined) return null;
  const token = (id: string, type: number) => ({ SpecialToken: { id, type_id: type } });
  const around = (name: string, type: number) => [
    ...(bos === undefined ? [] : [token(bos, type)]),
    { Sequence: { id: name, type_id: type } },
    ...(eos === undefined ? [] : [token(eos, type)]),
  ];
  const used = [bos, eos].filter((one) => one !== undefined);
  const tokens = used.map((id) => [id, { id, ids: [vocab[id]], tokens: [id] }]);
  return {
    type: "TemplateProcessing",
    single: around("A", 0),
    pair: [...around("A", 0), ...around("B", 1)],
    special_tokens: Object.fromEntries(tokens),
  };
}
