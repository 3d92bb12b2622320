import { mustBe } from "../../common/errors.ts";
import { type CachedProgram, cached } from "../../engine/cached.ts";
import { float32, type HostArray, int32 } from "../../engine/host.ts";
import { MASKED } from "../../nn/softmax.ts";
import type { Generation, Generator, GeneratorOptions, PromptImages } from "../generation.ts";
import type { ImageLayout } from "../inputs.ts";
import { imageSpans, imageTokenCount, layoutKey, noImages } from "../layout.ts";
import type { VlmParams } from "../parts.ts";
import type { Architecture } from "../pass.ts";
import type { DecoderConfig } from "./config.ts";
import { makePrefill, makeStep, type Prediction } from "./generate-programs.ts";

/** Greedy decoding with a key-value cache, for any parameters of this architecture. */
export function createGenerator<P extends VlmParams, C>(
  architecture: Architecture<P, C>,
  options: GeneratorOptions,
): Generator<never> {
  const { decoder, parts, config } = architecture;
  const imageTokenId = parts.imageTokenId(config);
  const programs = programsByLayout(architecture, options);
  const ends = new Set(options.eosTokenIds ?? decoder.eosTokenIds);
  return {
    async generate(params, images, prompts) {
      const { maxNewTokens } = options;
      const rows = layOut(imageTokenId, images, prompts, maxNewTokens);
      const run = passes(decoder, programs.of(rows), params, rows);
      return decode(run, rows, ends, maxNewTokens);
    },
    async *stream(params, images, prompt, { maxNewTokens, choose = mostProbable }) {
      const rows = layOut(imageTokenId, images, [prompt], Math.min(maxNewTokens, firstRoom));
      const run = passes(decoder, programs.of(rows), params, rows);
      let pass = await run.next([]);
      for (let count = 1; !pass.done; count++) {
        const token = choose(logitsOf(pass.value, 0));
        yield token;
        if (ends.has(token) || count === maxNewTokens) return;
        pass = await run.next([token]);
      }
    },
    dispose: () => programs.dispose(),
  };
}

/** New tokens for which a stream's cache has room at first; it doubles when they are used up. */
const firstRoom = 32;

interface Programs {
  readonly prefill: CachedProgram<Prediction<HostArray>>;
  readonly step: CachedProgram<Prediction<HostArray>>;
}

/** Both programs for each layout of images, compiled for the shapes they meet. */
function programsByLayout<P extends VlmParams, C>(
  architecture: Architecture<P, C>,
  { imageAttention = false, threads }: GeneratorOptions,
) {
  const known = new Map<string, Programs>();
  const engine = { limit: 16, ...(threads !== undefined && { threads }) };
  const make = (layout: ImageLayout): Programs => {
    const attention = imageAttention && imageTokenCount(layout) > 0;
    return {
      prefill: cached(makePrefill(architecture, layout, attention), engine),
      step: cached(makeStep(architecture, layout, attention), engine),
    };
  };
  return {
    of({ layout }: Rows): Programs {
      const key = layoutKey(layout);
      const found = known.get(key) ?? make(layout);
      known.set(key, found);
      return found;
    },
    async dispose() {
      const all = [...known.values()];
      known.clear();
      for (const { prefill, step } of all) await Promise.all([prefill.dispose(), step.dispose()]);
    },
  };
}

/** Prompts as padded rows. B rows, P columns of prompts, C = P + new tokens. */
interface Rows {
  readonly batch: number;
  readonly promptLength: number;
  readonly capacity: number;
  readonly layout: ImageLayout;
  readonly lengths: readonly number[];
  /** Undefined when the prompts have no image. */
  readonly pixelValues: HostArray | undefined;
  /** [B, P] */
  readonly inputIds: HostArray<"int32">;
}

const promptStep = 16; // Prompt lengths are rounded up to it, so that few programs are compiled.

function layOut(
  imageTokenId: number,
  images: PromptImages | undefined,
  prompts: readonly (readonly number[])[],
  newTokens: number,
): Rows {
  const layout = images?.layout ?? noImages;
  for (const prompt of prompts) checkPlaces(prompt, imageTokenId, layout);
  const batch = prompts.length;
  const longest = Math.max(...prompts.map(({ length }) => length));
  const promptLength = Math.ceil(longest / promptStep) * promptStep;
  const inputIds = int32([batch, promptLength]);
  for (const [b, prompt] of prompts.entries()) inputIds.data.set(prompt, b * promptLength);
  const lengths = prompts.map(({ length }) => length);
  return {
    batch,
    promptLength,
    capacity: promptLength + newTokens,
    layout,
    lengths,
    pixelValues: images?.pixelValues,
    inputIds,
  };
}

/** The image tokens must stand where the layout says. */
function checkPlaces(prompt: readonly number[], imageTokenId: number, layout: ImageLayout): void {
  const wanted = imageSpans(layout).flatMap(({ start, length }) =>
    Array.from({ length }, (_, i) => start + i),
  );
  const found = prompt.flatMap((id, column) => (id === imageTokenId ? [column] : []));
  if (found.length === wanted.length && found.every((column, i) => column === wanted[i])) return;
  const rule =
    wanted.length === 0
      ? "without image tokens"
      : `${wanted.length} image tokens in a row from column ${wanted[0]}`;
  throw mustBe("generate", "prompt", rule, `${found.length} from column ${found[0] ?? "none"}`);
}

/** Keys and values of earlier positions, [B, C, H, K] a layer, and which of them may be seen. */
interface Cache {
  /** [B, C]: 0 or {@link MASKED} */
  readonly mask: HostArray<"float32">;
  readonly layers: readonly { readonly key: HostArray<"float32">; readonly value: HostArray<"float32"> }[];
}

function emptyCache(decoder: DecoderConfig, batch: number, capacity: number): Cache {
  const mask = float32([batch, capacity]);
  mask.data.fill(MASKED);
  const shape = [batch, capacity, decoder.numKeyValueHeads, decoder.headDim];
  const layer = () => ({ key: float32(shape), value: float32(shape) });
  return { mask, layers: Array.from({ length: decoder.numHiddenLayers }, layer) };
}

function prefillInputs({ batch, promptLength, lengths, pixelValues, inputIds }: Rows) {
  const positionIds = int32([batch, promptLength]);
  const segmentIds = int32([batch, promptLength]);
  for (let i = 0; i < positionIds.data.length; i++) {
    const column = i % promptLength;
    const padding = column >= lengths[Math.floor(i / promptLength)];
    positionIds.data[i] = padding ? 0 : column;
    segmentIds.data[i] = padding ? -1 : 0;
  }
  const lastPositions = int32(
    [batch, 1],
    lengths.map((length) => length - 1),
  );
  const image = pixelValues === undefined ? {} : { pixelValues };
  return { inputs: { ...image, inputIds, positionIds, segmentIds }, lastPositions };
}

/** The `count`-th new tokens, one a row, and their positions. */
function stepInputs({ batch, lengths }: Rows, count: number, tokens: readonly number[]) {
  const positions = lengths.map((length) => length + count);
  const inputIds = tokens.length > 0 ? int32([batch, 1], tokens) : int32([batch, 1]);
  return { inputIds, positionIds: int32([batch, 1], positions) };
}

/** The prediction after the prompt, then one after each list of tokens (one a row) that it is given. */
async function* passes(
  decoder: DecoderConfig,
  { prefill, step }: Programs,
  params: unknown,
  rows: Rows,
): AsyncGenerator<Prediction<HostArray>, void, readonly number[]> {
  let cache = emptyCache(decoder, rows.batch, rows.capacity);
  const { inputs, lastPositions } = prefillInputs(rows);
  const first = await prefill.run(params, inputs, lastPositions);
  keepPrompt(cache, first, rows);
  let tokens = yield first;
  for (let count = 0; ; count++) {
    const column = rows.promptLength + count;
    const prediction = await step.run(params, stepInputs(rows, count, tokens), cache);
    if (column === cache.mask.shape[1]) cache = grown(decoder, cache, rows.promptLength);
    keepColumns(cache, prediction.layers, column, 1);
    for (let b = 0; b < rows.batch; b++) cache.mask.data[b * cache.mask.shape[1] + column] = 0;
    tokens = yield prediction;
  }
}

/** The same cache with twice the room for new tokens after P columns of prompts. */
function grown(decoder: DecoderConfig, { mask, layers }: Cache, promptLength: number): Cache {
  const [batch, capacity] = mask.shape;
  const larger = emptyCache(decoder, batch, 2 * capacity - promptLength);
  keepColumns(larger, layers, 0, capacity);
  for (let b = 0; b < batch; b++) {
    larger.mask.data.set(mask.data.subarray(b * capacity, (b + 1) * capacity), b * larger.mask.shape[1]);
  }
  return larger;
}

async function decode(
  run: ReturnType<typeof passes>,
  rows: Rows,
  ends: ReadonlySet<number>,
  maxNewTokens: number,
): Promise<Generation[]> {
  const answers = rows.lengths.map(startAnswer);
  let pass = await run.next([]);
  for (let count = 1; !pass.done; count++) {
    const { value } = pass;
    const tokens = answers.map((answer, b) => extend(answer, value, b, ends));
    if (count === maxNewTokens || answers.every(({ ended }) => ended)) break;
    pass = await run.next(tokens);
  }
  return answers;
}

interface Answer {
  tokens: number[];
  logProbabilities: number[];
  ended: boolean;
  imageAttention: HostArray<"float32">[][];
}

const startAnswer = (): Answer => ({ tokens: [], logProbabilities: [], ended: false, imageAttention: [] });

/** Adds row b's most probable token unless its answer has ended; returns the token to feed next. */
function extend(
  answer: Answer,
  prediction: Prediction<HostArray>,
  b: number,
  ends: ReadonlySet<number>,
): number {
  const logits = logitsOf(prediction, b);
  const token = mostProbable(logits);
  if (answer.ended) return token;
  answer.tokens.push(token);
  answer.logProbabilities.push(logProbability(logits, token));
  answer.ended = ends.has(token);
  const { imageAttention } = prediction;
  if (imageAttention.length > 0)
    answer.imageAttention.push(imageAttention.map((layer) => imageRow(layer, b)));
  return token;
}

/** Row b of logits [B, V] */
function logitsOf({ logits: { data, shape } }: Prediction<HostArray>, b: number): Float32Array {
  return (data as Float32Array).subarray(b * shape[1], (b + 1) * shape[1]);
}

/** The first of the largest logits. */
function mostProbable(logits: Float32Array): number {
  let token = 0;
  for (let v = 1; v < logits.length; v++) if (logits[v] > logits[token]) token = v;
  return token;
}

/** Of the largest logit's token. */
function logProbability(logits: Float32Array, largest: number): number {
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - logits[largest]);
  return -Math.log(sum);
}

/** [B, H, 1, N] -> [H, N] of row b */
function imageRow({ shape: [, H, , N], data }: HostArray, b: number): HostArray<"float32"> {
  return float32([H, N], (data as Float32Array).slice(b * H * N, (b + 1) * H * N));
}

function keepPrompt(cache: Cache, prediction: Prediction<HostArray>, rows: Rows): void {
  keepColumns(cache, prediction.layers, 0, rows.promptLength);
  for (const [b, length] of rows.lengths.entries()) {
    cache.mask.data.fill(0, b * rows.capacity, b * rows.capacity + length);
  }
}

/** Copies new keys and values, [B, count, H, K] a layer, into the cache from column `start`. */
function keepColumns(
  cache: Cache,
  layers: Prediction<HostArray>["layers"],
  start: number,
  count: number,
): void {
  for (const [i, fresh] of layers.entries()) {
    for (const part of ["key", "value"] as const) {
      const { data, shape } = cache.layers[i][part];
      const [B, C, H, K] = shape;
      for (let b = 0; b < B; b++) {
        const source = fresh[part].data as Float32Array;
        data.set(source.subarray(b * count * H * K, (b + 1) * count * H * K), (b * C + start) * H * K);
      }
    }
  }
}
