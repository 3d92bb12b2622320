import { mustBe } from "../../common/errors.ts";
import { type CompiledProgram, compile } from "../../engine/compile.ts";
import { float32, type HostArray, int32 } from "../../engine/host.ts";
import { MASKED } from "../../nn/softmax.ts";
import type { Generation, Generator, GeneratorOptions } from "../generation.ts";
import { imageTokenCount, type LlavaConfig } from "./config.ts";
import { makePrefill, makeStep, type Prediction } from "./generate-programs.ts";
import type { LlavaParams } from "./params.ts";

interface Programs {
  readonly prefill: CompiledProgram<Prediction<HostArray>>;
  readonly step: CompiledProgram<Prediction<HostArray>>;
}

/** A greedy decoder with a key-value cache of fixed length, for any parameters of this config. */
export function createGenerator(
  config: LlavaConfig,
  options: GeneratorOptions,
): Generator<LlavaParams<HostArray>> {
  const programs = new Map<string, Promise<Programs>>();
  return {
    async generate(params, pixelValues, prompts) {
      const rows = layOut(config, pixelValues, prompts, options.maxNewTokens);
      const key = [rows.batch, rows.promptLength, rows.imageStart].join();
      if (!programs.has(key)) programs.set(key, compilePrograms(config, options, params, rows));
      return decode(config, options, (await programs.get(key)) as Programs, params, rows);
    },
    async dispose() {
      const all = await Promise.all(programs.values());
      programs.clear();
      for (const { prefill, step } of all) await Promise.all([prefill.dispose(), step.dispose()]);
    },
  };
}

/** Prompts as padded rows. B rows, P columns of prompts, C = P + new tokens. */
interface Rows {
  readonly batch: number;
  readonly promptLength: number;
  readonly capacity: number;
  readonly imageStart: number;
  readonly lengths: readonly number[];
  /** [B, 3, Y, X] */
  readonly pixelValues: HostArray;
  /** [B, P] */
  readonly inputIds: HostArray<"int32">;
}

const promptStep = 16; // Prompt lengths are rounded up to it, so that few programs are compiled.

function layOut(
  config: LlavaConfig,
  pixelValues: HostArray,
  prompts: readonly (readonly number[])[],
  newTokens: number,
): Rows {
  const batch = prompts.length;
  if (pixelValues.shape[0] !== batch)
    throw mustBe("generate", "pixelValues", `of ${batch} images`, pixelValues.shape);
  const imageStart = commonImageStart(config, prompts);
  const longest = Math.max(...prompts.map(({ length }) => length));
  const promptLength = Math.ceil(longest / promptStep) * promptStep;
  const inputIds = int32([batch, promptLength]);
  for (const [b, prompt] of prompts.entries()) inputIds.data.set(prompt, b * promptLength);
  const lengths = prompts.map(({ length }) => length);
  return {
    batch,
    promptLength,
    capacity: promptLength + newTokens,
    imageStart,
    lengths,
    pixelValues,
    inputIds,
  };
}

function commonImageStart(config: LlavaConfig, prompts: readonly (readonly number[])[]): number {
  const N = imageTokenCount(config);
  const start = prompts[0]?.indexOf(config.imageTokenId) ?? -1;
  for (const prompt of prompts) {
    const columns = prompt.flatMap((id, column) => (id === config.imageTokenId ? [column] : []));
    if (start < 0 || columns.length !== N || columns[0] !== start || columns[N - 1] !== start + N - 1) {
      const rule = `${N} image tokens in a row from column ${Math.max(start, 0)}`;
      throw mustBe("generate", "prompt", rule, `${columns.length} from column ${columns[0] ?? "none"}`);
    }
  }
  return start;
}

async function compilePrograms(
  config: LlavaConfig,
  { imageAttention = false, threads }: GeneratorOptions,
  params: LlavaParams<HostArray>,
  rows: Rows,
): Promise<Programs> {
  const layout = { imageStart: rows.imageStart, imageTokens: imageTokenCount(config) };
  const engine = threads === undefined ? {} : { threads };
  const { inputs, lastPositions } = prefillInputs(rows);
  const prefill = makePrefill(config, layout, imageAttention);
  const cache = emptyCache(config, rows);
  const step = makeStep(config, layout, imageAttention);
  return {
    prefill: await compile(prefill, [params, inputs, lastPositions], engine),
    step: await compile(step, [params, stepInputs(rows, 0, []), cache], engine),
  };
}

/** Keys and values of earlier positions, [B, C, H, K] a layer, and which of them may be seen. */
interface Cache {
  /** [B, C]: 0 or {@link MASKED} */
  readonly mask: HostArray<"float32">;
  readonly layers: readonly { readonly key: HostArray<"float32">; readonly value: HostArray<"float32"> }[];
}

function emptyCache({ textConfig: text }: LlavaConfig, { batch, capacity }: Rows): Cache {
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
  return { inputs: { pixelValues, inputIds, positionIds, segmentIds }, lastPositions };
}

/** The `count`-th new tokens, one a row, and their positions. */
function stepInputs({ batch, lengths }: Rows, count: number, tokens: readonly number[]) {
  const positions = lengths.map((length) => length + count);
  const inputIds = tokens.length > 0 ? int32([batch, 1], tokens) : int32([batch, 1]);
  return { inputIds, positionIds: int32([batch, 1], positions) };
}

async function decode(
  config: LlavaConfig,
  options: GeneratorOptions,
  { prefill, step }: Programs,
  params: LlavaParams<HostArray>,
  rows: Rows,
): Promise<Generation[]> {
  const ends = new Set(options.eosTokenIds ?? [config.textConfig.eosTokenId ?? []].flat());
  const cache = emptyCache(config, rows);
  const { inputs, lastPositions } = prefillInputs(rows);
  let prediction = await prefill.run(params, inputs, lastPositions);
  keepPrompt(cache, prediction, rows);
  const answers = rows.lengths.map(startAnswer);
  for (let count = 0; ; count++) {
    const tokens = answers.map((answer, b) => extend(answer, prediction, b, ends));
    if (count + 1 === options.maxNewTokens || answers.every(({ ended }) => ended)) return answers;
    prediction = await step.run(params, stepInputs(rows, count, tokens), cache);
    keepColumns(cache, prediction, rows.promptLength + count, 1);
    for (let b = 0; b < rows.batch; b++) cache.mask.data[b * rows.capacity + rows.promptLength + count] = 0;
  }
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
  { logits, imageAttention }: Prediction<HostArray>,
  b: number,
  ends: Set<number>,
): number {
  const V = logits.shape[1];
  const row = (logits.data as Float32Array).subarray(b * V, (b + 1) * V);
  const { token, logProbability } = mostProbable(row);
  if (answer.ended) return token;
  answer.tokens.push(token);
  answer.logProbabilities.push(logProbability);
  answer.ended = ends.has(token);
  if (imageAttention.length > 0)
    answer.imageAttention.push(imageAttention.map((layer) => imageRow(layer, b)));
  return token;
}

/** The first of the largest logits, and its log-probability. */
function mostProbable(logits: Float32Array): { token: number; logProbability: number } {
  let token = 0;
  for (let v = 1; v < logits.length; v++) if (logits[v] > logits[token]) token = v;
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - logits[token]);
  return { token, logProbability: -Math.log(sum) };
}

/** [B, H, 1, N] -> [H, N] of row b */
function imageRow({ shape: [, H, , N], data }: HostArray, b: number): HostArray<"float32"> {
  return float32([H, N], (data as Float32Array).slice(b * H * N, (b + 1) * H * N));
}

function keepPrompt(cache: Cache, prediction: Prediction<HostArray>, rows: Rows): void {
  keepColumns(cache, prediction, 0, rows.promptLength);
  for (const [b, length] of rows.lengths.entries()) {
    cache.mask.data.fill(0, b * rows.capacity, b * rows.capacity + length);
  }
}

/** Copies new keys and values, [B, count, H, K] a layer, into the cache from column `start`. */
function keepColumns(cache: Cache, { layers }: Prediction<HostArray>, start: number, count: number): void {
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
