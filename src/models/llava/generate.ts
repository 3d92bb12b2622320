import { mustBe } from "../../common/errors.ts";
import { type CachedProgram, cached } from "../../engine/cached.ts";
import { float32, type HostArray, int32 } from "../../engine/host.ts";
import { MASKED } from "../../nn/softmax.ts";
import type { Generation, Generator, GeneratorOptions } from "../generation.ts";
import type { ImageColumns } from "../inputs.ts";
import { imageTokenCount, type LlavaConfig } from "./config.ts";
import { makePrefill, makeStep, type Prediction } from "./generate-programs.ts";
import type { LlavaParams } from "./params.ts";

/** A decoder with a key-value cache, for any parameters of this config. */
export function createGenerator(
  config: LlavaConfig,
  options: GeneratorOptions,
): Generator<LlavaParams<HostArray>> {
  const programs = programsByLayout(config, options);
  const ends = new Set(options.eosTokenIds ?? [config.textConfig.eosTokenId ?? []].flat());
  return {
    async generate(params, pixelValues, prompts) {
      const { maxNewTokens } = options;
      const rows = layOut(config, pixelValues, prompts, maxNewTokens);
      const run = passes(config, programs.of(rows), params, rows);
      return decode(run, rows, ends, maxNewTokens);
    },
    async *stream(params, pixelValues, prompt, { maxNewTokens, choose = mostProbable }) {
      const rows = layOut(config, pixelValues, [prompt], Math.min(maxNewTokens, firstRoom));
      const run = passes(config, programs.of(rows), params, rows);
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

/** Both programs for each place of the image, compiled for the shapes they meet. */
function programsByLayout(config: LlavaConfig, { imageAttention = false, threads }: GeneratorOptions) {
  const known = new Map<string, Programs>();
  const engine = { limit: 16, ...(threads !== undefined && { threads }) };
  const make = (layout: ImageColumns): Programs => {
    const attention = imageAttention && layout.imageTokens > 0;
    return {
      prefill: cached(makePrefill(config, layout, attention), engine),
      step: cached(makeStep(config, layout, attention), engine),
    };
  };
  return {
    of({ layout }: Rows): Programs {
      const key = `${layout.imageStart} ${layout.imageTokens}`;
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
  readonly layout: ImageColumns;
  readonly lengths: readonly number[];
  /** [B, 3, Y, X]; undefined when the prompts have no image. */
  readonly pixelValues: HostArray | undefined;
  /** [B, P] */
  readonly inputIds: HostArray<"int32">;
}

const promptStep = 16; // Prompt lengths are rounded up to it, so that few programs are compiled.

function layOut(
  config: LlavaConfig,
  pixelValues: HostArray | undefined,
  prompts: readonly (readonly number[])[],
  newTokens: number,
): Rows {
  const batch = prompts.length;
  if (pixelValues !== undefined && pixelValues.shape[0] !== batch)
    throw mustBe("generate", "pixelValues", `of ${batch} images`, pixelValues.shape);
  const layout = commonLayout(config, prompts, pixelValues === undefined ? 0 : imageTokenCount(config));
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
    pixelValues,
    inputIds,
  };
}

/** Where the N image tokens stand in every prompt; N = 0 where there is no image. */
function commonLayout(
  { imageTokenId }: LlavaConfig,
  prompts: readonly (readonly number[])[],
  N: number,
): ImageColumns {
  const start = N === 0 ? 0 : (prompts[0]?.indexOf(imageTokenId) ?? -1);
  for (const prompt of prompts) {
    const columns = prompt.flatMap((id, column) => (id === imageTokenId ? [column] : []));
    const together = N === 0 || (columns[0] === start && columns[N - 1] === start + N - 1);
    if (start < 0 || columns.length !== N || !together) {
      const rule =
        N === 0 ? "without image tokens" : `${N} image tokens in a row from column ${Math.max(start, 0)}`;
      throw mustBe("generate", "prompt", rule, `${columns.length} from column ${columns[0] ?? "none"}`);
    }
  }
  return { imageStart: start, imageTokens: N };
}

/** Keys and values of earlier positions, [B, C, H, K] a layer, and which of them may be seen. */
interface Cache {
  /** [B, C]: 0 or {@link MASKED} */
  readonly mask: HostArray<"float32">;
  readonly layers: readonly { readonly key: HostArray<"float32">; readonly value: HostArray<"float32"> }[];
}

function emptyCache({ textConfig: text }: LlavaConfig, batch: number, capacity: number): Cache {
  const mask = float32([batch, capacity]);
  mask.data.fill(MASKED);
  const shape = [batch, capacity, text.numKeyValueHeads, text.headDim];
  const layer = () => ({ key: float32(shape), value: float32(shape) });
  return { mask, layers: Array.from({ length: text.numHiddenLayers }, layer) };
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
  config: LlavaConfig,
  { prefill, step }: Programs,
  params: LlavaParams<HostArray>,
  rows: Rows,
): AsyncGenerator<Prediction<HostArray>, void, readonly number[]> {
  let cache = emptyCache(config, rows.batch, rows.capacity);
  const { inputs, lastPositions } = prefillInputs(rows);
  const first = await prefill.run(params, inputs, lastPositions);
  keepPrompt(cache, first, rows);
  let tokens = yield first;
  for (let count = 0; ; count++) {
    const column = rows.promptLength + count;
    const prediction = await step.run(params, stepInputs(rows, count, tokens), cache);
    if (column === cache.mask.shape[1]) cache = grown(config, cache, rows.promptLength);
    keepColumns(cache, prediction.layers, column, 1);
    for (let b = 0; b < rows.batch; b++) cache.mask.data[b * cache.mask.shape[1] + column] = 0;
    tokens = yield prediction;
  }
}

/** The same cache with twice the room for new tokens after P columns of prompts. */
function grown(config: LlavaConfig, { mask, layers }: Cache, promptLength: number): Cache {
  const [batch, capacity] = mask.shape;
  const larger = emptyCache(config, batch, 2 * capacity - promptLength);
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
