/**
 * What a tokenizer.json of a stranger may ask for. Its parts are programs of a kind: steps that double a text, patterns
 * that take for ever, ids that make a list of a billion places.
 *
 *     checkTokenizerJson(json)     before the library reads it: throws an Error that names the field
 *     boundParts(core, normalizer) after that: patterns are matched in linear time, no step may write without end
 */
import * as library from "@huggingface/tokenizers";
import { linearPattern } from "../../common/pattern.ts";

type Json = Readonly<Record<string, unknown>>;

/** Ten times the largest vocabulary known. */
const mostIds = 4_000_000;
const mostAdded = 50_000;
/** Characters of all tokens that stand in a tree of single characters, each of which takes some hundred bytes. */
const mostTreeCharacters = 4_000_000;
/** Settings of one step: texts of more characters, and longer lists, are refused. */
const longestSetting = 10_000;
const mostSettings = 100_000;

export function checkTokenizerJson(json: Json): void {
  checkAdded(json.added_tokens);
  checkModel(json.model);
  let left = mostSettings;
  for (const part of ["normalizer", "pre_tokenizer", "post_processor", "decoder"])
    checkSettings(json[part], part, () => left--);
}

function checkAdded(added: unknown): void {
  const tokens = mustBeList(added, "added_tokens", mostAdded);
  let characters = 0;
  for (const [i, token] of tokens.entries()) {
    const { id, content } = isRecord(token) ? token : {};
    mustBeId(id, `added_tokens.${i}.id`);
    if (typeof content !== "string") throw wrong(`added_tokens.${i}.content`, "a text", content);
    characters += content.length;
  }
  if (characters > mostTreeCharacters)
    throw wrong("added_tokens", `of at most ${mostTreeCharacters} characters together`, characters);
}

function checkModel(model: unknown): void {
  if (!isRecord(model)) throw wrong("model", "an object", model);
  const { vocab, merges, max_input_chars_per_word: longest, unk_id: unknown } = model;
  if (Array.isArray(vocab)) checkScored(vocab);
  else if (isRecord(vocab))
    for (const [token, id] of Object.entries(vocab)) mustBeId(id, `model.vocab.${token}`);
  else throw wrong("model.vocab", "an object or a list", vocab);
  if (merges !== undefined && merges !== null) checkMerges(merges);
  if (longest !== undefined && !isWhole(longest, 1, 1000))
    throw wrong("model.max_input_chars_per_word", "a whole number from 1 to 1000", longest);
  if (unknown !== undefined && unknown !== null) mustBeId(unknown, "model.unk_id");
  for (const name of ["continuing_subword_prefix", "end_of_word_suffix", "unk_token"])
    if (model[name] !== undefined && model[name] !== null) mustBeText(model[name], `model.${name}`);
}

function checkMerges(merges: unknown): void {
  const list = mustBeList(merges, "model.merges", mostIds);
  const isPair = (one: unknown) =>
    Array.isArray(one) && one.length === 2 && one.every((half) => typeof half === "string");
  const pairs = isPair(list[0]);
  const other = list.findIndex((one) => (pairs ? !isPair(one) : typeof one !== "string"));
  if (other >= 0) throw wrong(`model.merges.${other}`, pairs ? "two texts" : "a text or two", list[other]);
}

/** Tokens with their scores, as Unigram has them. */
function checkScored(vocab: readonly unknown[]): void {
  mustBeList(vocab, "model.vocab", mostIds);
  let characters = 0;
  for (const [i, entry] of vocab.entries()) {
    const [token, score] = Array.isArray(entry) ? entry : [];
    if (typeof token !== "string" || typeof score !== "number")
      throw wrong(`model.vocab.${i}`, "a text and a number", entry);
    characters += token.length;
  }
  if (characters > mostTreeCharacters)
    throw wrong("model.vocab", `of at most ${mostTreeCharacters} characters together`, characters);
}

/** Texts, lists and lengths of a step's settings. */
function checkSettings(value: unknown, field: string, left: () => number): void {
  if (left() <= 0) throw new Error(`${field}: more than ${mostSettings} settings`);
  if (typeof value === "string" && !field.endsWith(".precompiled_charsmap")) mustBeText(value, field);
  const counts = /\.(length|start|stop)$/.exec(field)?.[1];
  const least = counts === "length" ? 1 : 0; // A length of 0 never moves on.
  if (counts !== undefined && !isWhole(value, least, mostIds))
    throw wrong(field, `a whole number from ${least} on`, value);
  if (typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) mustBeList(value, field, longestSetting);
  for (const [name, item] of Object.entries(value)) checkSettings(item, `${field}.${name}`, left);
  if ("pattern" in value) checkPattern(value.pattern, `${field}.pattern`);
}

function checkPattern(pattern: unknown, field: string): void {
  const { Regex, String: text } = isRecord(pattern) ? pattern : {};
  if (typeof (Regex ?? text) !== "string") throw wrong(field, "{Regex} or {String}", pattern);
}

/** The types of @huggingface/tokenizers have import paths that TypeScript's nodenext cannot follow. */
const { SequenceNormalizer } = library as unknown as { SequenceNormalizer: new (config: object) => unknown };

/** A step that the library made: a function with fields and methods. */
interface Part {
  pattern?: RegExp | null;
  readonly normalizers?: readonly (Part | null)[];
  readonly tokenizers?: readonly (Part | null)[];
  readonly processors?: readonly (Part | null)[];
  readonly decoders?: readonly (Part | null)[];
  [method: string]: unknown;
}

/** What is used of the library's tokenizer. */
export interface Parts {
  normalizer: unknown;
  readonly pre_tokenizer: unknown;
  readonly post_processor: unknown;
  readonly decoder: unknown;
  readonly added_tokens: readonly AddedToken[];
  readonly added_tokens_map: Map<string, AddedToken>;
  splitter_unnormalized: object;
  splitter_normalized: object;
}

interface AddedToken {
  readonly content: string;
  readonly normalized: boolean;
}

/** Methods that make texts or lists of texts from such, the first of what they are given. */
const methods = ["normalize", "pre_tokenize_text", "post_process", "decode_chain"] as const;

/** Bounds the steps of a tokenizer, and gives it the normalizer, which it was made without: see {@link withoutNormalizer}. */
export function boundParts(core: Parts, normalizer: unknown): void {
  for (const part of [core.pre_tokenizer, core.post_processor, core.decoder])
    boundPart(part as Part | null, noLimit());
  if (normalizer === null || normalizer === undefined) return;
  core.normalizer = new SequenceNormalizer({ type: "Sequence", normalizers: [normalizer] });
  boundPart(core.normalizer as Part, noLimit());
  addNormalized(core);
}

/** The library normalises added tokens while it makes a tokenizer, before any step can be bounded. */
export function withoutNormalizer(json: Json): Json {
  return { ...json, normalizer: null };
}

/** As the library does where it has the normalizer from the beginning. */
function addNormalized(core: Parts): void {
  const { normalizer, added_tokens: tokens, splitter_unnormalized: splitter } = core;
  const normalise = normalizer as (text: string) => string;
  const Splitter = splitter.constructor as new (texts: readonly string[]) => Parts["splitter_normalized"];
  const normalised = tokens
    .filter((token) => token.normalized)
    .map((token) => [normalise(token.content), token] as const);
  const characters = normalised.reduce((sum, [text]) => sum + text.length, 0);
  if (characters > mostTreeCharacters)
    throw wrong("added_tokens", `of at most ${mostTreeCharacters} characters together`, characters);
  for (const [text, token] of normalised) core.added_tokens_map.set(text, token);
  core.splitter_normalized = new Splitter(normalised.map(([text]) => text));
  core.splitter_unnormalized = new Splitter(
    tokens.filter((token) => !token.normalized).map(({ content }) => content),
  );
}

/** What all steps of a part may make together of what it was given; null while it is not at work. */
interface Limit {
  most: number | null;
}

const noLimit = (): Limit => ({ most: null });

function boundPart(part: Part | null, limit: Limit): void {
  if (part === null) return;
  if (part.pattern instanceof RegExp) part.pattern = linear(part.pattern);
  const inner = [part.normalizers, part.tokenizers, part.processors, part.decoders];
  for (const one of inner.flatMap((list) => list ?? [])) boundPart(one, limit);
  for (const name of methods) {
    const method = part[name];
    if (typeof method === "function") part[name] = bounded(method.bind(part), limit);
  }
}

function bounded(method: (...given: unknown[]) => unknown, limit: Limit): (...given: unknown[]) => unknown {
  return (...given) => {
    const outermost = limit.most === null;
    limit.most ??= 1_000_000 + 100 * sizeOf(given[0]);
    try {
      const made = method(...given);
      const size = sizeOf(made);
      if (size > limit.most) throw new Error(`a step makes ${size} characters; no tokenizer needs so many`);
      return made;
    } finally {
      if (outermost) limit.most = null;
    }
  };
}

function linear(pattern: RegExp): RegExp {
  try {
    return linearPattern(pattern.source, pattern.flags);
  } catch (error) {
    const source = pattern.source.length > 100 ? `${pattern.source.slice(0, 100)}...` : pattern.source;
    throw new Error(`the pattern ${JSON.stringify(source)} ${(error as Error).message}`);
  }
}

/** Characters of a text, or of a list of texts with one for each of them. */
function sizeOf(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (Array.isArray(value)) return value.reduce((sum: number, one) => sum + 1 + sizeOf(one), 0);
  return isRecord(value) ? sizeOf(value.tokens) : 0;
}

function mustBeId(id: unknown, field: string): void {
  if (!isWhole(id, 0, mostIds)) throw wrong(field, `a whole number from 0 to ${mostIds}`, id);
}

function mustBeText(value: unknown, field: string): void {
  if (typeof value !== "string") throw wrong(field, "a text", value);
  if (value.length > longestSetting)
    throw wrong(field, `a text of at most ${longestSetting} characters`, `one of ${value.length}`);
}

function mustBeList(value: unknown, field: string, most: number): readonly unknown[] {
  if (!Array.isArray(value)) throw wrong(field, "a list", value);
  if (value.length > most) throw wrong(field, `a list of at most ${most}`, value.length);
  return value;
}

function isWhole(value: unknown, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function wrong(field: string, rule: string, got: unknown): Error {
  const shown = JSON.stringify(got) ?? String(got);
  return new Error(`${field} must be ${rule}, got ${shown.length > 60 ? `${shown.slice(0, 60)}...` : shown}`);
}
