/**
 * Text to token ids and back, by the files of a Hugging Face folder, through @huggingface/tokenizers.
 *
 *     openTokenizer(files) -> TextTokenizer: encode, decode, tokenId, token, vocabSize, special
 *
 * Files come from `readModelFolder` (folder.ts) or `wordTokenizer` (word-tokenizer.ts).
 */
import { Tokenizer } from "@huggingface/tokenizers";
import { mustBe, UserError } from "../../common/errors.ts";
import { boundParts, checkTokenizerJson, type Parts, withoutNormalizer } from "./tokenizer-limits.ts";

/** An object of a JSON file, as it stands there. */
export type Json = Readonly<Record<string, unknown>>;

/** The two files a tokenizer is made of. */
export interface TokenizerFiles {
  /** tokenizer.json */
  readonly tokenizer: Json;
  /** tokenizer_config.json */
  readonly tokenizerConfig: Json;
}

export type SpecialName = "bos" | "eos" | "pad" | "unk" | "image";

export interface TextTokenizer {
  /** One more than the largest token id. */
  readonly vocabSize: number;
  /** Ids of the special tokens that exist. */
  readonly special: Readonly<Partial<Record<SpecialName, number>>>;
  /** Special tokens written in the text are found; others (a leading BOS) are added only when asked for. */
  encode(text: string, options?: { addSpecialTokens?: boolean }): number[];
  /** As in Python, ids without a token are nothing: models have rows of padding behind the tokenizer's last id. */
  decode(ids: readonly number[], options?: { skipSpecialTokens?: boolean }): string;
  tokenId(token: string): number | undefined;
  token(id: number): string | undefined;
}

/** Throws a UserError when the files are not what @huggingface/tokenizers can read. */
export function openTokenizer({ tokenizer, tokenizerConfig }: TokenizerFiles): TextTokenizer {
  const core = createCore(tokenizer, tokenizerConfig);
  const vocabSize = 1 + [...core.get_vocab().values()].reduce((a, b) => Math.max(a, b), -1);
  return {
    vocabSize,
    special: specialIds(core, tokenizerConfig),
    encode(text, { addSpecialTokens = false } = {}) {
      const { ids, tokens } = readable(() => core.encode(text, { add_special_tokens: addSpecialTokens }));
      const unknown = (ids as (number | undefined)[]).indexOf(undefined);
      if (unknown >= 0) throw mustBe("tokenizer", "text", "of known tokens", tokens[unknown]);
      return ids;
    },
    decode(ids, { skipSpecialTokens = false } = {}) {
      const known = ids.filter((id) => core.id_to_token(id) !== undefined);
      if (known.length === 0) return "";
      return readable(() => core.decode(known, { skip_special_tokens: skipSpecialTokens }));
    },
    tokenId: (token) => core.token_to_id(token),
    token: (id) => core.id_to_token(id),
  };
}

/** The id of a special token that must exist, or a UserError that names it. */
export function requireSpecial(tokenizer: TextTokenizer, name: SpecialName): number {
  const id = tokenizer.special[name];
  if (id === undefined)
    throw new UserError(`tokenizer: ${name} token must exist, got none; see tokenizer_config.json`);
  return id;
}

/** What is used of the library; its own types have import paths that TypeScript's nodenext cannot follow. */
interface Core extends Parts {
  encode(text: string, options: { add_special_tokens: boolean }): { ids: number[]; tokens: string[] };
  decode(ids: number[], options: { skip_special_tokens: boolean }): string;
  token_to_id(token: string): number | undefined;
  id_to_token(id: number): string | undefined;
  get_vocab(): Map<string, number>;
  readonly decoder: Decoder | null;
}

interface Decoder {
  readonly config: { readonly type: string };
  /** Of a sequence. */
  readonly decoders?: readonly Decoder[];
  /** Of byte fallback, among others. */
  text_decoder?: { decode(bytes: Uint8Array): string };
}

function createCore(tokenizer: Json, config: Json): Core {
  const names = ["bos_token", "eos_token", "pad_token", "unk_token"];
  const texts = Object.fromEntries(names.map((name) => [name, tokenText(config[name])]));
  // Python cleans only where the file asks for it, the JavaScript library unless it is told not to.
  const clean_up_tokenization_spaces = config.clean_up_tokenization_spaces ?? false;
  return readable(() => {
    checkTokenizerJson(tokenizer);
    if (!Array.isArray(config.additional_special_tokens ?? []))
      throw new Error("additional_special_tokens of tokenizer_config.json must be a list");
    const core: Core = new Tokenizer(withoutNormalizer(tokenizer), {
      ...config,
      ...texts,
      clean_up_tokenization_spaces,
    });
    decodeBytesAsPython(core.decoder);
    boundParts(core, tokenizer.normalizer);
    return core;
  });
}

/** What the library cannot do with a tokenizer's files, in one line. */
function readable<T>(run: () => T): T {
  try {
    return run();
  } catch (cause) {
    const told = (cause as Error).message.replaceAll(/\s+/g, " ");
    throw new UserError(`tokenizer.json: expected a tokenizer, found: ${told}`, { cause });
  }
}

/**
 * Python writes one replacement character for every byte of a run that is not UTF-8, and keeps byte order
 * marks; the JavaScript library does neither.
 */
function decodeBytesAsPython(decoder: Decoder | null): void {
  for (const part of decoder?.decoders ?? []) decodeBytesAsPython(part);
  if (decoder?.config.type !== "ByteFallback") return;
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const decode = (bytes: Uint8Array) => {
    try {
      return strict.decode(bytes);
    } catch {
      return "\ufffd".repeat(bytes.length);
    }
  };
  decoder.text_decoder = { decode };
}

/** A token stands in the config as a text or as {content: text}. */
function tokenText(value: unknown): string | undefined {
  if (typeof value === "object" && value !== null && "content" in value) return tokenText(value.content);
  return typeof value === "string" ? value : undefined;
}

function specialIds(core: Core, config: Json): Partial<Record<SpecialName, number>> {
  const extra = (config.extra_special_tokens ?? {}) as Json;
  const texts: Record<SpecialName, unknown> = {
    bos: config.bos_token,
    eos: config.eos_token,
    pad: config.pad_token,
    unk: config.unk_token,
    image: config.image_token ?? extra.image_token ?? "<image>",
  };
  const ids = Object.entries(texts).map(([name, value]) => [name, core.token_to_id(tokenText(value) ?? "")]);
  return Object.fromEntries(ids.filter(([, id]) => id !== undefined));
}
