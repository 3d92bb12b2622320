/**
 * How probable a model finds texts without a picture, token by token, and how far its predictions lie from another's.
 * B rows, S positions, V tokens of the vocabulary.
 */
import { mustBe } from "../../common/errors.ts";
import { type NdArray, np } from "../../engine/array.ts";
import { type HostArray, int32 } from "../../engine/host.ts";
import type { BoundFamily } from "../../models/contract/family.ts";
import type { VlmParams } from "../../models/contract/parts.ts";
import { type ModelInputs, segmentsOf } from "../../models/inputs/inputs.ts";
import { noImages } from "../../models/inputs/layout.ts";
import { fewSizes, tightRoom } from "../../models/inputs/padding.ts";
import { padRows, type Row } from "../../models/inputs/rows.ts";
import { logSoftmax } from "../../nn/softmax.ts";
import { runOn, type Vlm } from "../../vlm/open.ts";

/** A text's tokens behind the one that opens it, which is not scored. */
export type TextIds = readonly number[];

/** Sums over a text's scored tokens. */
export interface TextScore {
  readonly tokens: number;
  /** -Σ log p(token | tokens before it), in nats. */
  readonly nats: number;
}

/** Of two models, `against` and `model`, with one vocabulary. */
export interface TextPairScore {
  readonly against: TextScore;
  readonly model: TextScore;
  /** Σ KL(against || model) over the predictions of the scored tokens, in nats. */
  readonly kl: number;
}

/** Tokens of a row at most: what a language model says of a passage hardly changes with more before it. */
const ROW_TOKENS = 256;

/**
 * The rows of a text, each opened by the beginning-of-sequence token, or by the end-of-sequence token where there is
 * none, so that every token of the text is scored. Throws a UserError where the model has neither.
 */
export function textRows({ chat: { tokenizer }, facts, name }: Vlm, text: string): TextIds[] {
  const { bos, eos } = tokenizer.special;
  const open = bos ?? eos;
  if (open === undefined)
    throw mustBe(name, "tokenizer", "with a token that begins or ends a sequence", "none");
  const ids = tokenizer.encode(text);
  const most = Math.min(ROW_TOKENS, facts.longestRow) - 1;
  const rows = Math.ceil(ids.length / most);
  return Array.from({ length: rows }, (_, r) => [open, ...ids.slice(r * most, (r + 1) * most)]);
}

/** What a model says of each row. */
export async function scoreRow(model: Vlm, ids: TextIds): Promise<TextScore> {
  const { inputs, targets, seen } = placed(model, ids);
  const kind = `text ${inputs.inputIds.shape[1]}`;
  const { log } = await runOn<{ log: HostArray }>(model, kind, likelihood(model.family), [inputs, targets]);
  return { tokens: ids.length - 1, nats: -sumAt(log, seen) };
}

/** What two models with one vocabulary say of a row. */
export async function scoreRowOfBoth(against: Vlm, model: Vlm, ids: TextIds): Promise<TextPairScore> {
  const { inputs, targets, seen } = placed(against, ids);
  const length = inputs.inputIds.shape[1];
  const tokens = ids.length - 1;
  const first = await runOn<{ log: HostArray; all: HostArray }>(
    against,
    `text with all predictions ${length}`,
    predictions(against.family),
    [inputs, targets],
  );
  const own = placed(model, ids);
  const second = await runOn<{ log: HostArray; kl: HostArray }>(
    model,
    `text against predictions ${length}`,
    divergence(model.family),
    [own.inputs, own.targets, first.all],
  );
  return {
    against: { tokens, nats: -sumAt(first.log, seen) },
    model: { tokens, nats: -sumAt(second.log, seen) },
    kl: sumAt(second.kl, seen),
  };
}

/** log p of the tokens that come next, [B, S]. */
function likelihood(family: BoundFamily) {
  return (params: VlmParams, inputs: ModelInputs, targets: NdArray) => ({
    log: picked(logProbabilities(family, params, inputs), targets),
  });
}

/** The same, with log p of every token, [B, S, V]. */
function predictions(family: BoundFamily) {
  return (params: VlmParams, inputs: ModelInputs, targets: NdArray) => {
    const all = logProbabilities(family, params, inputs);
    return { log: picked(all, targets), all };
  };
}

/** The same, with Σ_v q_v (log q_v - log p_v) at each position [B, S], where log q [B, S, V] are another's predictions. */
function divergence(family: BoundFamily) {
  return (params: VlmParams, inputs: ModelInputs, targets: NdArray, others: NdArray) => {
    const all = logProbabilities(family, params, inputs);
    const kl = np.sum(np.multiply(np.exp(others), np.subtract(others, all)), -1);
    return { log: picked(all, targets), kl };
  };
}

function logProbabilities(family: BoundFamily, params: VlmParams, inputs: ModelInputs): NdArray {
  const { logits } = family.forward(params, inputs, { layout: noImages });
  return logSoftmax(logits as NdArray);
}

/** Of values [B, S, V] those at `ids` [B, S]. */
function picked(values: NdArray, ids: NdArray): NdArray {
  const V = values.shape[2];
  const isChosen = np.equal(np.expandDims(ids, -1), np.arange(V));
  return np.sum(np.where(isChosen, values, 0), -1);
}

/** A row as inputs, the ids that come next, and the columns whose predictions count. */
function placed(model: Vlm, ids: TextIds) {
  const { answer } = segmentsOf(0, model.family.visibility);
  const row: Row = {
    ids,
    positions: ids.map((_, i) => i),
    segments: ids.map(() => answer), // Of its own: PaliGemma's prefix would see what comes next.
    images: [],
    layout: noRowImages,
  };
  const tight = tightRoom({ layout: noRowImages, length: ids.length }, model.family.pixels);
  const room = { ...tight, length: fewSizes(tight.length) };
  const { inputs, columns } = padRows(model, [row], room, { rows: 1, pad: 0 });
  const targets = int32(inputs.inputIds.shape);
  for (const [i, column] of columns[0].slice(0, -1).entries()) targets.data[column] = ids[i + 1];
  return { inputs, targets, seen: columns[0].slice(0, -1) };
}

const noRowImages = { images: [] };

function sumAt({ data }: HostArray, columns: readonly number[]): number {
  return columns.reduce((sum, column) => sum + data[column], 0);
}
