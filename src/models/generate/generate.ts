/** Greedy generation of any family: prompts are laid out in rows, computed once, and go on token by token from a cache. */
import { mustBe } from "../../common/errors.ts";
import { cachedFunctions } from "../../engine/cached.ts";
import { float32, type HostArray, int32 } from "../../engine/host.ts";
import type { ArrayFunction } from "../../engine/trace.ts";
import type { KnockOutArrays } from "../../nn/knock-out.ts";
import type { BoundFamily } from "../contract/family.ts";
import type {
  Generation,
  Generator,
  GeneratorOptions,
  PromptKnockOut,
  PromptRow,
} from "../contract/generation.ts";
import type { VlmParams } from "../contract/parts.ts";
import type { DecoderConfig } from "../decoder/config.ts";
import { mustBeNumbers } from "../forward/finite.ts";
import type { Architecture } from "../forward/pass.ts";
import type { ModelInputs } from "../inputs/inputs.ts";
import { imageSpans, imageTokenCount, layoutKey } from "../inputs/layout.ts";
import {
  fewSizes,
  imagePlaces,
  type RowRoom,
  rung,
  stretchedRoom,
  tightRoom,
  unionRoom,
} from "../inputs/padding.ts";
import { padRows, type RowModel } from "../inputs/rows.ts";
import { cacheMasks, emptyCache, grownCache, keepColumns, keepPrompts, type PromptPlaces } from "./cache.ts";
import { prefillKnockOut, stepKnockOut } from "./knock-out.ts";
import { makePrefill, makeStep, type Prediction, type StepCache } from "./programs.ts";
import { sharedRows } from "./shared-rows.ts";

/** Greedy decoding with a key-value cache, for any parameters of this architecture. */
export function createGenerator<P extends VlmParams, C>(
  architecture: Architecture<P, C>,
  model: GenerationModel,
  options: GeneratorOptions,
): Generator<unknown> {
  const { decoder } = architecture;
  const programs = openPrograms(architecture, options);
  const named = { decoder, nameOf: architecture.parts.tensorName };
  const ends = new Set(options.eosTokenIds ?? decoder.eosTokenIds);
  return {
    async generate(params, prompts, { maxNewTokens = options.maxNewTokens, knockOut } = {}) {
      const rows = layOut(model, prompts, maxNewTokens);
      const run = passes(named, programs.of(rows, knockOut !== undefined), params, rows, knockOut);
      return decode(run, rows, { ends, penalty: options.repetitionPenalty ?? 1, maxNewTokens });
    },
    async *stream(params, prompt, { maxNewTokens, choose = mostProbable, repetitionPenalty }) {
      const penalty = repetitionPenalty ?? options.repetitionPenalty;
      const rows = layOut(model, [prompt], Math.min(maxNewTokens, firstRoom));
      const run = passes(named, programs.of(rows, false), params, rows);
      const seen = new Set(prompt.ids);
      let pass = await run.next([]);
      for (let count = 1; !pass.done; count++) {
        const logits = logitsOf(pass.value, 0);
        const token = choose(penalised(logits, seen, penalty), logits);
        seen.add(token);
        yield token;
        if (ends.has(token) || count === maxNewTokens) return;
        pass = await run.next([token]);
      }
    },
    get programs() {
      return programs.size;
    },
    dispose: () => programs.dispose(),
  };
}

/** What laying out prompts needs of a family with its config. */
export interface GenerationModel extends RowModel {
  readonly family: RowModel["family"] & Pick<BoundFamily, "pixels" | "visibility">;
}

/** New tokens for which a stream's cache has room at first; it doubles when they are used up. */
const firstRoom = 32;

interface Programs {
  prefill(
    params: unknown,
    inputs: ModelInputs<HostArray>,
    last: HostArray,
    ...knockOut: readonly KnockOutArrays<HostArray>[]
  ): Promise<Prediction<HostArray>>;
  step(params: unknown, inputs: StepInputs, cache: StepCache<HostArray>): Promise<Prediction<HostArray>>;
}

/** Programs kept: a prefill for each room, and a step for each length of the cache. */
export const GENERATOR_PROGRAMS = 16;

function openPrograms<P extends VlmParams, C>(
  architecture: Architecture<P, C>,
  { imageAttention = false, machine, programs }: GeneratorOptions,
) {
  const own = { limit: GENERATOR_PROGRAMS, ...(machine && { machine }) };
  const { functions: pool, kind } = programs ?? { functions: cachedFunctions(own), kind: "" };
  return {
    of({ room: { layout } }: Rows, isKnockedOut: boolean): Programs {
      const attention = imageAttention && imageTokenCount(layout) > 0;
      const key = layoutKey(layout);
      const prefill = makePrefill(architecture, layout, attention) as ArrayFunction;
      const step = makeStep(architecture, layout, attention) as ArrayFunction;
      const stepKey = `${attention}, ${attention || isKnockedOut ? key : ""}`;
      return {
        prefill: (...args) => pool.run(`prefill, ${attention}, ${key} ${kind}`, prefill, args),
        step: (...args) => pool.run(`step, ${stepKey} ${kind}`, step, args),
      };
    },
    get size() {
      return pool.size;
    },
    dispose: async () => {
      if (programs === undefined) await pool.dispose();
    },
  };
}

/** Prompts in padded rows, those about one image in one row. P columns of prompts, C = P + new tokens. */
interface Rows extends PromptPlaces {
  readonly model: GenerationModel;
  readonly capacity: number;
  readonly room: RowRoom;
  readonly prompts: readonly PromptRow[];
  readonly inputs: ModelInputs<HostArray>;
}

function layOut(model: GenerationModel, prompts: readonly PromptRow[], newTokens: number): Rows {
  const rule = model.family.pixels;
  for (const prompt of prompts) checkPlaces(prompt, model.family.facts.imageTokenId);
  const { rows, places, columns: own } = sharedRows(prompts, model.family.visibility);
  const tight = rows.map(({ layout, ids }) => tightRoom({ layout, length: ids.length }, rule));
  const room = stretchedRoom(unionRoom(tight), rule, { gaps: true });
  const width = places.reduce((most, { index }) => Math.max(most, index + 1), 1);
  const batch = width === 1 ? rows.length : fewSizes(rows.length);
  const { inputs, columns } = padRows(model, rows, room, { rows: batch, pad: 0 });
  return {
    model,
    promptLength: room.length,
    capacity: room.length + rung(newTokens),
    room,
    prompts,
    inputs,
    width: fewSizes(width),
    places,
    columns: own.map((tokens, p) => tokens.map((token) => columns[places[p].row][token])),
  };
}

/** The image tokens must stand where the layout says. */
function checkPlaces({ ids, layout }: PromptRow, imageTokenId: number): void {
  const wanted = imageSpans(layout).flatMap(({ start, length }) =>
    Array.from({ length }, (_, i) => start + i),
  );
  const found = ids.flatMap((id, column) => (id === imageTokenId ? [column] : []));
  if (found.length === wanted.length && found.every((column, i) => column === wanted[i])) return;
  const rule =
    wanted.length === 0
      ? "without image tokens"
      : `${wanted.length} image tokens in a row from column ${wanted[0]}`;
  throw mustBe("generate", "prompt", rule, `${found.length} from column ${found[0] ?? "none"}`);
}

/** The column of each prompt's last token, [B, R]. */
function lastPositions({ inputs, width, places, columns }: Rows): HostArray<"int32"> {
  const last = int32([inputs.inputIds.shape[0], width]);
  for (const [p, { row, index }] of places.entries())
    last.data[row * width + index] = columns[p][columns[p].length - 1];
  return last;
}

type StepInputs = Pick<ModelInputs<HostArray>, "inputIds" | "positionIds">;

/** The `count`-th new tokens, one a prompt, and their positions. */
function stepInputs({ model, prompts }: Rows, count: number, tokens: readonly number[]): StepInputs {
  const batch = prompts.length;
  const positions = int32(
    [batch, 1],
    prompts.map(({ ids }) => ids.length + count),
  );
  const inputIds = tokens.length > 0 ? int32([batch, 1], tokens) : int32([batch, 1]);
  const layouts = prompts.map(({ layout }) => layout);
  return { inputIds, positionIds: model.family.rotaryPositions(positions, layouts) };
}

/** Within its window a decoder with a sliding window is one without. */
function checkWindow({ slidingWindow }: DecoderConfig, { prompts }: Rows, newTokens: number): void {
  const tokens = newTokens + prompts.reduce((longest, { ids }) => Math.max(longest, ids.length), 0);
  if (slidingWindow !== null && tokens > slidingWindow)
    throw mustBe(
      "generate",
      "prompt and answer",
      `of at most ${slidingWindow} tokens, the model's sliding window`,
      tokens,
    );
}

interface NamedDecoder {
  readonly decoder: DecoderConfig;
  /** The tensor of a parameter, by its path. */
  readonly nameOf: (path: string) => string;
}

/** The prediction after the prompts, then one after each list of tokens (one a prompt) that it is given. */
async function* passes(
  { decoder, nameOf }: NamedDecoder,
  { prefill, step }: Programs,
  params: unknown,
  rows: Rows,
  knockOut?: PromptKnockOut,
): AsyncGenerator<Prediction<HostArray>, void, readonly number[]> {
  let cache = emptyCache(decoder.layers, rows.prompts.length, rows.capacity);
  const arrays = knockOut === undefined ? [] : [prefillKnockOut(knockOut, rows, rows.inputs.inputIds.shape)];
  const first = await prefill(params, rows.inputs, lastPositions(rows), ...arrays);
  keepPrompts(cache, first.layers, rows);
  const numbers = async (prediction: Prediction<HostArray>) => {
    await mustBeNumbers(prediction.logits, params, nameOf);
    return prediction;
  };
  let tokens = yield await numbers(ofPrompts(first, rows));
  for (let count = 0; ; count++) {
    checkWindow(decoder, rows, count + 1);
    const column = rows.promptLength + count;
    const kept = {
      masks: cacheMasks(cache, rows, count),
      layers: cache.layers,
      ...(knockOut && { knockOut: stepKnockOut(knockOut, rows, [cache.batch, cache.capacity]) }),
    };
    const prediction = await step(params, stepInputs(rows, count, tokens), kept);
    if (column === cache.capacity) cache = grownCache(cache, rows.promptLength);
    keepColumns(cache, prediction.layers, column, 1);
    tokens = yield await numbers(prediction);
  }
}

async function decode(
  run: ReturnType<typeof passes>,
  rows: Rows,
  { maxNewTokens, ...rule }: DecodingRule & { readonly maxNewTokens: number },
): Promise<Generation[]> {
  const answers = rows.prompts.map(({ ids }) => startAnswer(ids));
  let pass = await run.next([]);
  for (let count = 1; !pass.done; count++) {
    const { value } = pass;
    const tokens = answers.map((answer, b) => extend(answer, value, b, rows, rule));
    if (count === maxNewTokens || answers.every(({ ended }) => ended)) break;
    pass = await run.next(tokens);
  }
  return answers.map(({ seen: _, ...answer }) => answer);
}

interface DecodingRule {
  readonly ends: ReadonlySet<number>;
  readonly penalty: number;
}

interface Answer {
  /** Tokens of the prompt and of the answer. */
  readonly seen: Set<number>;
  tokens: number[];
  logProbabilities: number[];
  ended: boolean;
  imageAttention: HostArray<"float32">[][];
}

const startAnswer = (prompt: readonly number[]): Answer => ({
  seen: new Set(prompt),
  tokens: [],
  logProbabilities: [],
  ended: false,
  imageAttention: [],
});

/** Adds row b's most probable token unless its answer has ended; returns the token to feed next. */
function extend(
  answer: Answer,
  prediction: Prediction<HostArray>,
  b: number,
  { prompts, room }: Rows,
  { ends, penalty }: DecodingRule,
): number {
  const logits = logitsOf(prediction, b);
  const token = mostProbable(penalised(logits, answer.seen, penalty));
  if (answer.ended) return token;
  answer.seen.add(token);
  answer.tokens.push(token);
  answer.logProbabilities.push(logProbability(logits, token));
  answer.ended = ends.has(token);
  const { imageAttention } = prediction;
  if (imageAttention.length > 0) {
    const places = imagePlaces(prompts[b].layout, room.layout);
    answer.imageAttention.push(imageAttention.map((layer) => imageRow(layer, b, places)));
  }
  return token;
}

/** Row b of logits [B, V] */
function logitsOf({ logits: { data, shape } }: Prediction<HostArray>, b: number): Float32Array {
  return (data as Float32Array).subarray(b * shape[1], (b + 1) * shape[1]);
}

/** Logits [V] after the penalty of {@link GeneratorOptions.repetitionPenalty} for tokens seen. */
export function penalised(logits: Float32Array, seen: Iterable<number>, penalty = 1): Float32Array {
  if (penalty === 1) return logits;
  const changed = logits.slice();
  for (const id of seen) changed[id] = logits[id] < 0 ? logits[id] * penalty : logits[id] / penalty;
  return changed;
}

/** The first of the largest logits. */
function mostProbable(logits: Float32Array): number {
  let token = 0;
  for (let v = 1; v < logits.length; v++) if (logits[v] > logits[token]) token = v;
  return token;
}

function logProbability(logits: Float32Array, token: number): number {
  const largest = logits[mostProbable(logits)];
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - largest);
  return logits[token] - largest - Math.log(sum);
}

/** [B, H, 1, N] -> [H, n] of row b and its own image tokens, which stand at `places` */
function imageRow({ shape: [, H, , N], data }: HostArray, b: number, places: readonly number[]) {
  const heads = Array.from({ length: H }, (_, h) => places.map((place) => data[(b * H + h) * N + place]));
  return float32([H, places.length], heads.flat());
}

/** A prediction [B R, ...] of rows as one of the prompts. */
function ofPrompts(prediction: Prediction<HostArray>, { places, width }: Rows): Prediction<HostArray> {
  const [, V] = prediction.logits.shape;
  const logits = float32([places.length, V]);
  for (const [p, { row, index }] of places.entries()) {
    const at = (row * width + index) * V;
    logits.data.set((prediction.logits.data as Float32Array).subarray(at, at + V), p * V);
  }
  const imageAttention = prediction.imageAttention.map(({ data, shape: [, H, R, N] }) => {
    const own = float32([places.length, H, 1, N]);
    for (const [p, { row, index }] of places.entries())
      for (let h = 0; h < H; h++) {
        const at = ((row * H + h) * R + index) * N;
        own.data.set((data as Float32Array).subarray(at, at + N), (p * H + h) * N);
      }
    return own;
  });
  return { ...prediction, logits, imageAttention };
}
