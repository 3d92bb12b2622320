import { mustBe } from "../common/errors.ts";
import type { ImageGeometry, RgbImage } from "../common/image.ts";
import { type HostArray, int32 } from "../engine/host.ts";
import { type Display, displayed, displayOf } from "../models/images.ts";
import { layoutKey } from "../models/layout.ts";
import { answerText, endIds } from "../vlm/answer.ts";
import { type Answer, decodeGreedy, type PackedRows, packRows } from "../vlm/decode.ts";
import { type Prompt, promptOf, runOn, type Vlm } from "../vlm/open.ts";
import { type AttentionArrays, attentionOf, logitsAt } from "./traced.ts";

/** Where one answer token looks, in one layer. */
export interface AttentionLayer {
  /** 1 to L. */
  readonly layer: number;
  /** Share of the attention (mean over heads) that lies on the image. */
  readonly share: number;
  /**
   * [N] attention over image tokens, renormalised to sum 1 per head, then the mean over heads. Of an image cut
   * into tiles, the share of the global view is not in the map.
   */
  readonly map: Float32Array;
  /** The heads one by one, [N] each. */
  readonly heads: readonly Float32Array[];
  readonly headShares: readonly number[];
}

export interface AttentionResult {
  readonly question: string;
  readonly answer: string;
  /** Whether the model ended its answer within the room it had. */
  readonly ended: boolean;
  readonly geometry: ImageGeometry;
  /** For each answer token, the attention of the position that predicts it. */
  readonly tokens: readonly { readonly token: string; readonly layers: readonly AttentionLayer[] }[];
}

/** Answers a question by greedy generation and tells where each token of the answer attends. */
export async function attentionMaps(
  model: Vlm,
  image: RgbImage,
  question: string,
  options: { readonly maxNewTokens?: number } = {},
): Promise<AttentionResult> {
  const prompt = promptOf(model, image, question);
  const rows = promptRows(model, prompt, options.maxNewTokens ?? 16);
  const [[answer]] = await answer1(model, rows);
  const display = displayOf(prompt.seen);
  const tokens = await attendedBy(model, rows, answer, display);
  const { ids, ended } = answer;
  return { question, answer: answerText(model, ids), ended, geometry: display.geometry, tokens };
}

function promptRows(model: Vlm, prompt: Prompt, room: number): PackedRows {
  const { maxPositions } = model.facts;
  const { prefix, question, layout, seen } = prompt;
  const left = maxPositions - prefix.length - question.length;
  if (left < 1)
    throw mustBe("attend", "question", `shorter by ${1 - left} tokens for ${model.name}`, question.length);
  return packRows(
    {
      pixelValues: seen.pixelValues,
      prefix,
      questions: [[question]],
      layout,
      pad: 0,
      wholePrefix: model.family.wholePrefix,
    },
    { images: 1, questions: 1, questionTokens: question.length, answerTokens: Math.min(room, left) },
  );
}

function answer1(model: Vlm, rows: PackedRows): Promise<Answer[][]> {
  const fn = logitsAt(model, rows.layout);
  const kind = `logits at, ${layoutKey(rows.layout)}`;
  const run = (inputs: unknown, at: unknown) => runOn<HostArray>(model, kind, fn, [inputs, at]);
  return decodeGreedy(rows, run, endIds(model));
}

async function attendedBy(model: Vlm, rows: PackedRows, { ids, ended }: Answer, display: Display) {
  const { eos } = model.chat.tokenizer.special;
  const said = ended && eos !== undefined ? [...ids, eos] : ids;
  const R = rows.sizes.answerTokens;
  const start = rows.starts[0][0];
  const positions = int32(
    [1, R],
    Array.from({ length: R }, (_, r) => start + Math.min(r, said.length - 1)),
  );
  const fn = attentionOf(model, rows.layout);
  const kind = `attention, ${layoutKey(rows.layout)}`;
  const arrays = await runOn<AttentionArrays<HostArray>>(model, kind, fn, [rows.inputs, positions]);
  return said.map((id, r) => ({
    token: model.chat.tokenizer.token(id) ?? `#${id}`,
    layers: arrays.logImage.map((log, l) => layerAttention(l + 1, log, arrays.share[l], r, display)),
  }));
}

/** One query's row of log [1, H, R, N] and share [1, H, R]. */
function layerAttention(
  layer: number,
  log: HostArray,
  share: HostArray,
  r: number,
  display: Display,
): AttentionLayer {
  const [, H, R, N] = log.shape;
  const headRows = Array.from({ length: H }, (_, h) => (h * R + r) * N);
  const heads = headRows.map((at) =>
    displayed((log.data as Float32Array).subarray(at, at + N), display).map(Math.exp),
  );
  const headShares = Array.from({ length: H }, (_, h) => share.data[h * R + r]);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / H;
  const map = Float32Array.from(display.tokens, (_, n) => mean(heads.map((head) => head[n])));
  return { layer, share: mean(headShares), map, heads, headShares };
}
