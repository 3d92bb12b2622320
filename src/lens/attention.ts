/** Where the tokens of an answer, and of its question, attend, layer by layer and head by head. */
import type { ImageGeometry, RgbImage } from "../common/image.ts";
import { type HostArray, int32 } from "../engine/host.ts";
import { massOnTarget, unionCoverage } from "../grounding/coverage.ts";
import type { Region } from "../grounding/region.ts";
import { type Display, displayed } from "../models/inputs/images.ts";
import { layoutKey } from "../models/inputs/layout.ts";
import { rung } from "../models/inputs/padding.ts";
import { type Answer, answerText, greedyAnswer } from "../vlm/answer.ts";
import { runOn, type Vlm } from "../vlm/open.ts";
import { globalIn, type PackedRows, packRows, shownIn } from "../vlm/pack.ts";
import { answerRoom, type Prompt, promptOf } from "../vlm/prompt.ts";
import { readable } from "./findings.ts";
import { ofFirstRow } from "./image-states.ts";
import { type KnockOut, promptKnockOutIfAny, rowKnockOut } from "./knock-out.ts";
import { type PatchWord, wordsOf } from "./likeliest.ts";
import { inFewSizes, readLayers } from "./readings.ts";
import { sinkPatches } from "./sinks.ts";
import { type AttentionArrays, attentionOf } from "./traced.ts";

/** Where one token looks, in one layer. */
export interface AttentionLayer {
  /** 1 to L, of layers that attend. */
  readonly layer: number;
  /** Share of the attention (mean over heads) that lies on the image; the rest lies on text. */
  readonly share: number;
  /**
   * [N] attention over image tokens, renormalised to sum 1 per head, then the mean over heads. Of an image cut
   * into tiles, the share of the global view is not in the map but in `global`.
   */
  readonly map: Float32Array;
  /** The same over the view of the whole picture that comes after tiles. */
  readonly global?: Float32Array;
  /** The heads one by one, [N] each. */
  readonly heads: readonly Float32Array[];
  readonly globalHeads?: readonly Float32Array[];
  readonly headShares: readonly number[];
  /**
   * With a region: the share of the map that lies on it, as the scores of attention on target are made (`massOnTarget` of
   * `map`, without the view of the whole picture). NaN for a region without a patch.
   */
  readonly target?: number;
  /** With the prompt's tokens: the share of the map that lies on the sinks. */
  readonly sinks?: number;
}

/** A model's answer and, for each of its tokens, where the model attended: what {@link attentionMaps} gives. */
export interface AttentionResult {
  readonly question: string;
  readonly answer: string;
  /** Whether the model ended its answer within the room it had. */
  readonly ended: boolean;
  readonly geometry: ImageGeometry;
  readonly tiles: Display["tiles"];
  /** Of the view of the whole picture, where there is one beside tiles. */
  readonly globalGeometry?: ImageGeometry;
  /** For each answer token, the attention of the position that predicts it. */
  readonly tokens: readonly AttendedToken[];
  /** If asked for: every token between the image and the answer, with the attention of its own position. */
  readonly prompt?: readonly AttendedToken[];
  /** With the prompt's tokens: patches that are sinks, see sinks.ts. */
  readonly sinks?: readonly number[];
}

/** One token of an answer or its question, and where it looks. */
export interface AttendedToken {
  readonly id: number;
  /** As the tokenizer has it; empty for an id beyond it, of a head that is padded. */
  readonly token: string;
  /** For people: the marks that tokenizers write for spaces become spaces. */
  readonly text: string;
  /** Whether it is said by the model, or part of what it was asked. */
  readonly isAnswer: boolean;
  readonly layers: readonly AttentionLayer[];
  /** If asked for, of an answer token: the likeliest words of the position that predicts it by the logit lens, [L + 1][K]; the last are the model's own. */
  readonly words?: readonly (readonly PatchWord[])[];
}

/** The places of maps: all tiles side by side, and the view of the whole picture. */
export interface Displays {
  readonly display: Display;
  readonly global?: Display;
}

/** What is told of an answer's attention. */
export interface LookOptions {
  /** Whether to tell of the prompt's tokens too, and of sinks; default false. */
  readonly prompt?: boolean;
  /** Regions of the picture, taken together: how much of each map lies on them. */
  readonly regions?: readonly Region[];
  /** Likeliest words at the positions that predict answer tokens; default 0, none. */
  readonly topK?: number;
  /** What the model does not see. */
  readonly knockOut?: KnockOut;
}

/** What is told, and how long the answer may be. */
export interface AttentionOptions extends LookOptions {
  /** Most tokens of the answer, its end among them; default 16. */
  readonly maxNewTokens?: number;
}

/**
 * Answers a question by greedy generation and tells where each token of the answer attends. Throws a UserError for a
 * knock-out of what the model does not have.
 */
export async function attentionMaps(
  model: Vlm,
  image: RgbImage,
  question: string,
  { maxNewTokens = 16, ...options }: AttentionOptions = {},
): Promise<AttentionResult> {
  const prompt = promptOf(model, image, question);
  const room = answerRoom("attend", model, prompt, maxNewTokens);
  const hidden = promptKnockOutIfAny("attend", model, prompt, options.knockOut);
  const answer = await greedyAnswer(model, prompt, room, hidden);
  return { question, ...(await attentionOfAnswer(model, prompt, answer, room, options)) };
}

/** Where each token of an answer attends, however it was chosen; `room`: most tokens of it, its end among them. */
export async function attentionOfAnswer(
  model: Vlm,
  prompt: Prompt,
  answer: Answer,
  room: number,
  options: LookOptions = {},
): Promise<Omit<AttentionResult, "question">> {
  return (await lookAt(model, prompt, answer, room, options)).result;
}

/** What {@link attentionOfAnswer} gives, and the hidden states that its words were read from. */
export interface Look {
  readonly result: Omit<AttentionResult, "question">;
  /** With words: L + 1 arrays [R, D], of the positions that predict the answer's tokens; the decoder's input first. */
  readonly states: readonly HostArray[];
}

/** {@link attentionOfAnswer}, with hidden states. */
export async function lookAt(
  model: Vlm,
  prompt: Prompt,
  answer: Answer,
  room: number,
  options: LookOptions,
): Promise<Look> {
  const { arrays, rows, said } = await answeredArrays(model, prompt, answer, room, options);
  const displays = { display: shownIn(rows, 0, prompt.image), global: globalIn(rows, 0, prompt.image) };
  const states = arrays.states.map(ofFirstRow);
  const words = await answerWords(model, states, said.length, options.topK ?? 0);
  const plain = attendedAnswer(model, answer, arrays, displays);
  const tokens = plain.tokens.map((token, r) => ({
    ...token,
    ...(words.length > 0 && { words: words.map((layer) => layer[r]) }),
  }));
  const target = options.regions && unionCoverage(options.regions, displays.display.geometry);
  const result = { ...plain, tokens: withTarget(tokens, target) };
  if (options.prompt !== true) return { result, states };
  const asked = attendedTokens(model, prompt.question, false, arrays, displays, room);
  return { result: withSinks({ ...result, prompt: withTarget(asked, target) }), states };
}

/** What the model computes where its answer is known, and the answer's tokens with its end. */
interface AnsweredArrays {
  /** Of the positions that predict the answer's tokens, and after the room for those, of the prompt's. */
  readonly arrays: AttentionArrays<HostArray>;
  readonly rows: PackedRows;
  readonly said: readonly number[];
}

/** One pass over the prompt with its answer. */
async function answeredArrays(
  model: Vlm,
  prompt: Prompt,
  answer: Answer,
  room: number,
  options: LookOptions,
): Promise<AnsweredArrays> {
  const rows = answeredRow(model, prompt, answer, room);
  const said = saidTokens(model, answer);
  const columns = queryColumns(rows, said.length, options.prompt === true ? prompt.question.length : 0);
  const positions = int32([1, columns.length], columns);
  const withStates = (options.topK ?? 0) > 0;
  const fn = attentionOf(model, rows.layout, withStates);
  const kind = `attention${withStates ? " and states" : ""}, ${layoutKey(rows.layout)}`;
  const knockOut = promptKnockOutIfAny("attend", model, prompt, options.knockOut);
  const more = knockOut === undefined ? [] : [rowKnockOut(knockOut, rows, prompt)];
  const args = [rows.inputs, positions, ...more];
  return { arrays: await runOn<AttentionArrays<HostArray>>(model, kind, fn, args), rows, said };
}

/**
 * Columns of the queries: those that predict the answer's tokens, in the room for it, and those of the prompt's last
 * `asked` tokens, in room for as many or more.
 */
function queryColumns({ answers: [[columns]] }: PackedRows, said: number, asked: number): number[] {
  const [last] = columns;
  const ofAnswer = columns.map((_, r) => columns[Math.min(r, said - 1)]);
  const room = asked === 0 ? 0 : rung(asked);
  return [...ofAnswer, ...Array.from({ length: room }, (_, i) => Math.min(last, last - asked + 1 + i))];
}

/** An answer with where its tokens attend: their queries stand in the arrays from number `first` on. */
export function attendedAnswer(
  model: Vlm,
  answer: Answer,
  arrays: AttendedArrays,
  displays: Displays,
  first = 0,
): Omit<AttentionResult, "question"> {
  const { display, global } = displays;
  return {
    answer: answerText(model, answer.ids),
    ended: answer.ended,
    geometry: display.geometry,
    tiles: display.tiles,
    ...(global !== undefined && { globalGeometry: global.geometry }),
    tokens: attendedTokens(model, saidTokens(model, answer), true, arrays, displays, first),
  };
}

type AttendedArrays = Pick<AttentionArrays<HostArray>, "logImage" | "share">;

/** Tokens with where they attend, by the arrays' queries from number `first` on. */
function attendedTokens(
  model: Vlm,
  ids: readonly number[],
  isAnswer: boolean,
  { logImage, share }: AttendedArrays,
  displays: Displays,
  first: number,
): AttendedToken[] {
  const { attentionLayers } = model.facts;
  return ids.map((id, r) => {
    const token = model.chat.tokenizer.token(id) ?? "";
    const layers = logImage.map((log, l) =>
      layerAttention(attentionLayers[l] + 1, log, share[l], first + r, displays),
    );
    return { id, token, text: token === "" ? "" : readable(token), isAnswer, layers };
  });
}

/** The tokens of an answer, with its end where it has one. */
export function saidTokens(model: Vlm, { ids, ended }: Answer): readonly number[] {
  const { eos } = model.chat.tokenizer.special;
  return ended && eos !== undefined ? [...ids, eos] : ids;
}

/** The prompt with its answer in the room behind it. */
export function answeredRow(
  model: Vlm,
  { prefix, question, layout, image }: Prompt,
  { ids }: Answer,
  answerTokens: number,
): PackedRows {
  const rows = packRows(model, [{ prefix, layout, image, questions: [question] }], { answerTokens });
  const [[columns]] = rows.answers;
  for (const [i, id] of ids.slice(0, answerTokens - 1).entries())
    rows.inputs.inputIds.data[columns[i + 1]] = id;
  return rows;
}

/** States [R, D] of layers -> by layer, for each of the first `count` positions, its likeliest words. */
async function answerWords(
  model: Vlm,
  states: readonly HostArray[],
  count: number,
  topK: number,
): Promise<PatchWord[][][]> {
  if (topK === 0 || count === 0) return [];
  const wanted = { ids: [], norm: true, sum: true, ranks: false, top: topK };
  const read = await readLayers(model, states, inFewSizes([...Array(count).keys()]), wanted);
  return read.map((layer) => layer.slice(0, count).map((reading) => wordsOf(model, reading)));
}

/** With the share of each map that lies on the target [N]. */
function withTarget(
  tokens: readonly AttendedToken[],
  target: Float32Array | undefined,
): readonly AttendedToken[] {
  if (target === undefined) return tokens;
  return tokens.map((token) => ({
    ...token,
    layers: token.layers.map((at) => ({ ...at, target: massOnTarget(at.map, target) })),
  }));
}

/** The result with its sinks, and each map's share on them. */
function withSinks<R extends Pick<AttentionResult, "tokens" | "prompt">>(
  result: R,
): R & { sinks: readonly number[] } {
  const { tokens, prompt = [] } = result;
  const sinks = sinkPatches([...prompt, ...tokens]);
  const marked = (all: readonly AttendedToken[]) =>
    all.map((token) => ({
      ...token,
      layers: token.layers.map((at) => ({ ...at, sinks: sinks.reduce((sum, n) => sum + at.map[n], 0) })),
    }));
  return { ...result, tokens: marked(tokens), prompt: marked(prompt), sinks };
}

/** One query's row of log [1, H, R, N] and share [1, H, R]. */
function layerAttention(
  layer: number,
  log: HostArray,
  share: HostArray,
  r: number,
  { display, global }: Displays,
): AttentionLayer {
  const [, H, R, N] = log.shape;
  const rows = Array.from({ length: H }, (_, h) => {
    const at = (h * R + r) * N;
    return (log.data as Float32Array).subarray(at, at + N).map(Math.exp);
  });
  const headShares = rows.map((_, h) => share.data[h * R + r]);
  const heads = rows.map((row) => displayed(row, display));
  const globals = global && rows.map((row) => displayed(row, global));
  const shareOnImage = headShares.reduce((sum, value) => sum + value, 0) / H;
  return {
    layer,
    share: shareOnImage,
    map: meanMap(heads),
    ...(globals !== undefined && { global: meanMap(globals), globalHeads: globals }),
    heads,
    headShares,
  };
}

/** Maps [N] to their mean. */
export function meanMap(maps: readonly Float32Array[]): Float32Array {
  return maps[0].map((_, n) => maps.reduce((sum, map) => sum + map[n], 0) / maps.length);
}
