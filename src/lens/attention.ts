/** Where an answer's tokens attend, layer by layer and head by head. */
import type { ImageGeometry, RgbImage } from "../common/image.ts";
import { type HostArray, int32 } from "../engine/host.ts";
import { type Display, displayed } from "../models/inputs/images.ts";
import { layoutKey } from "../models/inputs/layout.ts";
import { type Answer, answerText, greedyAnswer } from "../vlm/answer.ts";
import { runOn, type Vlm } from "../vlm/open.ts";
import { globalIn, type PackedRows, packRows, shownIn } from "../vlm/pack.ts";
import { answerRoom, type Prompt, promptOf } from "../vlm/prompt.ts";
import { type AttentionArrays, attentionOf } from "./traced.ts";

/** Where one answer token looks, in one layer. */
export interface AttentionLayer {
  /** 1 to L, of layers that attend. */
  readonly layer: number;
  /** Share of the attention (mean over heads) that lies on the image. */
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
}

/** One token of an answer, and where it looks. */
export interface AttendedToken {
  readonly id: number;
  /** As the tokenizer has it; empty for an id beyond it, of a head that is padded. */
  readonly token: string;
  readonly layers: readonly AttentionLayer[];
}

/** The places of maps: all tiles side by side, and the view of the whole picture. */
export interface Displays {
  readonly display: Display;
  readonly global?: Display;
}

/** Answers a question by greedy generation and tells where each token of the answer attends. */
export async function attentionMaps(
  model: Vlm,
  image: RgbImage,
  question: string,
  options: { readonly maxNewTokens?: number } = {},
): Promise<AttentionResult> {
  const prompt = promptOf(model, image, question);
  const room = answerRoom("attend", model, prompt, options.maxNewTokens ?? 16);
  const answer = await greedyAnswer(model, prompt, room);
  return { question, ...(await attentionOfAnswer(model, prompt, answer, room)) };
}

/** Where each token of an answer attends, however it was chosen; `room`: most tokens of it, its end among them. */
export async function attentionOfAnswer(
  model: Vlm,
  prompt: Prompt,
  answer: Answer,
  room: number,
): Promise<Omit<AttentionResult, "question">> {
  const rows = answeredRow(model, prompt, answer, room);
  return attendedAnswer(model, answer, await attendedBy(model, rows, answer), displaysIn(rows, prompt));
}

/** The places of the maps of a row of one image. */
function displaysIn(rows: PackedRows, { image }: Prompt): Displays {
  return { display: shownIn(rows, 0, image), global: globalIn(rows, 0, image) };
}

/** The prompt with its answer in the room behind it. */
function answeredRow(
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

/** The tokens of an answer, with its end where it has one. */
function saidTokens(model: Vlm, { ids, ended }: Answer): readonly number[] {
  const { eos } = model.chat.tokenizer.special;
  return ended && eos !== undefined ? [...ids, eos] : ids;
}

async function attendedBy(model: Vlm, rows: PackedRows, answer: Answer): Promise<AttentionArrays<HostArray>> {
  const said = saidTokens(model, answer);
  const R = rows.answerTokens;
  const [[columns]] = rows.answers;
  const positions = int32(
    [1, R],
    columns.map((_, r) => columns[Math.min(r, said.length - 1)]),
  );
  const fn = attentionOf(model, rows.layout);
  const kind = `attention, ${layoutKey(rows.layout)}`;
  return runOn<AttentionArrays<HostArray>>(model, kind, fn, [rows.inputs, positions]);
}

/** An answer with where its tokens attend: their queries stand in the arrays from number `first` on. */
export function attendedAnswer(
  model: Vlm,
  answer: Answer,
  { logImage, share }: AttentionArrays<HostArray>,
  displays: Displays,
  first = 0,
): Omit<AttentionResult, "question"> {
  const { attentionLayers } = model.facts;
  const { display, global } = displays;
  return {
    answer: answerText(model, answer.ids),
    ended: answer.ended,
    geometry: display.geometry,
    tiles: display.tiles,
    ...(global !== undefined && { globalGeometry: global.geometry }),
    tokens: saidTokens(model, answer).map((id, r) => ({
      id,
      token: model.chat.tokenizer.token(id) ?? "",
      layers: logImage.map((log, l) =>
        layerAttention(attentionLayers[l] + 1, log, share[l], first + r, displays),
      ),
    })),
  };
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
