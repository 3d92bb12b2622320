/** Greedy generation of any family: prompts are laid out in rows, computed once, and go on token by token from a cache. */
import { mustBe } from "../../common/errors.ts";
import { cachedFunctions } from "../../engine/cached.ts";
import { arrayPlace } from "../../engine/compile.ts";
import { float32, type HostArray, int32 } from "../../engine/host.ts";
import type { ArrayPlace } from "../../engine/runtime/runtime.ts";
import type { ArrayFunction } from "../../engine/trace.ts";
import { inFiles } from "../../hub/weights/in-files.ts";
import type { BoundFamily } from "../contract/family.ts";
import type {
  Generation,
  Generator,
  GeneratorOptions,
  PlannedRoom,
  PromptKnockOut,
  PromptReading,
  PromptRow,
} from "../contract/generation.ts";
import type { VlmParams } from "../contract/parts.ts";
import type { DecoderConfig } from "../decoder/config.ts";
import { mustBeNumbers } from "../forward/finite.ts";
import type { Architecture } from "../forward/pass.ts";
import type { ModelInputs } from "../inputs/inputs.ts";
import { imageTokenCount, imageTokens, layoutKey } from "../inputs/layout.ts";
import {
  fewSizes,
  fitsRoom,
  imagePlaces,
  type RowRoom,
  rung,
  stretchedRoom,
  tightRoom,
  unionRoom,
} from "../inputs/padding.ts";
import { padRows, type RowModel } from "../inputs/rows.ts";
import {
  type Cache,
  cacheMasks,
  grownCache,
  keepNewest,
  openCache,
  type PromptPlaces,
  pickedCache,
} from "./cache.ts";
import { openDeviceCache } from "./device-cache.ts";
import { prefillKnockOut, stepKnockOut } from "./knock-out.ts";
import {
  makePrefill,
  makeStep,
  type Prediction,
  type PrefillMore,
  type SaidForm,
  type StepCache,
} from "./programs.ts";
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
    async generate(params, prompts, { maxNewTokens = options.maxNewTokens, knockOut, room, reading } = {}) {
      const rows = layOut(model, prompts, maxNewTokens, room);
      const { repetitionPenalty: penalty = 1, logProbabilities: withLogs = false } = options;
      const said = penalty === 1 && !withLogs ? "best" : "logits";
      const own = programs.of(rows, knockOut !== undefined, said, reading);
      const passes = await openPasses(named, own, params, rows, { knockOut, reading });
      const answers = decode(passes, rows, { ends, penalty, withLogs, maxNewTokens });
      return answers.finally(passes.close);
    },
    async *stream(params, prompt, { maxNewTokens, choose = mostProbable, repetitionPenalty }) {
      const penalty = repetitionPenalty ?? options.repetitionPenalty;
      const rows = layOut(model, [prompt], maxNewTokens);
      const passes = await openPasses(named, programs.of(rows, false, "logits"), params, rows);
      const seen = new Set(prompt.ids);
      try {
        for (let count = 1; ; count++) {
          const logits = logitsOf(passes.prediction, 0);
          const token = choose(penalised(logits, seen, penalty), logits);
          seen.add(token);
          yield token;
          if (ends.has(token) || count === maxNewTokens) return;
          await passes.next([token], [0]);
        }
      } finally {
        passes.close();
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

/** New tokens for which the cache has room at first: of many prompts few, since every step reads all of it. */
const firstRoom = (prompts: number) => (prompts > few ? 8 : 64);

/** So many prompts leave a step little but to read the weights. */
const few = 4;

/** From so many new tokens on weights in memory are packed for a program: that takes as long as some 30 tokens gain. */
const worthPacking = 32;

interface Programs {
  /** Where arrays can stay from step to step. */
  readonly place: ArrayPlace;
  prefill(
    params: unknown,
    inputs: ModelInputs<HostArray>,
    last: HostArray,
    more: PrefillMore<HostArray>,
  ): Promise<Prediction<HostArray>>;
  /** `stored`: the parameters as they lie in files, to be packed from there. */
  step(
    params: unknown,
    inputs: StepInputs,
    cache: StepCache<HostArray>,
    stored: object | undefined,
  ): Promise<Prediction<HostArray>>;
}

/** Programs kept: a prefill for each room, and a step for each length of the cache. */
export const GENERATOR_PROGRAMS = 24;

function openPrograms<P extends VlmParams, C>(
  architecture: Architecture<P, C>,
  { imageAttention = false, machine, programs }: GeneratorOptions,
) {
  const own = { limit: GENERATOR_PROGRAMS, ...(machine && { machine }) };
  const { functions: pool, kind } = programs ?? { functions: cachedFunctions(own), kind: "" };
  return {
    of({ room: { layout } }: Rows, isKnockedOut: boolean, said: SaidForm, reading?: PromptReading): Programs {
      const attention = imageAttention && imageTokenCount(layout) > 0;
      const key = layoutKey(layout);
      const form = { said, imageAttention: attention };
      const prefill = makePrefill(architecture, layout, form, reading) as ArrayFunction;
      const step = makeStep(architecture, layout, form) as ArrayFunction;
      const stepKey = `${said}, ${attention}, ${attention || isKnockedOut ? key : ""}`;
      return {
        place: arrayPlace(pool.machine),
        prefill: (...args) =>
          pool.run(`prefill, ${said}, ${attention}, ${reading?.name ?? ""}, ${key} ${kind}`, prefill, args),
        step: (params, inputs, cache, stored) =>
          pool.run(`step, ${stepKey} ${kind}`, step, [params, inputs, cache], {
            packed: true,
            ...(stored && { inFiles: [stored, inputs, cache] }),
          }),
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

/** Prompts in padded rows, those about one image in one row. */
interface Rows extends PromptPlaces {
  readonly model: GenerationModel;
  /** New tokens at most, rounded up. */
  readonly newTokens: number;
  readonly room: RowRoom;
  readonly prompts: readonly PromptRow[];
  readonly inputs: ModelInputs<HostArray>;
}

function layOut(
  model: GenerationModel,
  prompts: readonly PromptRow[],
  newTokens: number,
  planned?: PlannedRoom,
): Rows {
  const rule = model.family.pixels;
  for (const prompt of prompts) checkPlaces(prompt, model.family.facts.imageTokenId);
  const { rows, places, columns: own } = sharedRows(prompts, model.family.visibility);
  const tight = rows.map(({ layout, ids }) => tightRoom({ layout, length: ids.length }, rule));
  const needed = unionRoom(tight);
  const most = places.reduce((most, { index }) => Math.max(most, index + 1), 1);
  const fits = planned !== undefined && fitsRoom(needed, planned.room) && most <= planned.width;
  const room = fits ? planned.room : stretchedRoom(needed, rule, { gaps: true });
  const width = fits ? planned.width : fewSizes(most);
  const batch = fits && (planned.batch ?? 0) >= rows.length ? planned.batch : undefined;
  const few = !fits && width === 1 ? rows.length : fewSizes(rows.length);
  const { inputs, columns } = padRows(model, rows, room, { rows: batch ?? few, pad: 0 });
  return {
    model,
    promptLength: room.length,
    newTokens: rung(newTokens),
    room,
    prompts,
    inputs,
    width,
    places,
    columns: own.map((tokens, p) => tokens.map((token) => columns[places[p].row][token])),
  };
}

/** The image tokens must stand where the layout says. */
function checkPlaces({ ids, layout }: PromptRow, imageTokenId: number): void {
  const wanted = imageTokens(layout);
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

/** The `count`-th new tokens, one a slot, and their positions. `tokens`: one for each prompt. */
function stepInputs(
  { model, prompts }: Rows,
  { slots }: Pick<Cache, "slots">,
  count: number,
  tokens: readonly number[],
): StepInputs {
  const shape = [slots.length, 1];
  const own = slots.map((prompt) => (prompt === undefined ? undefined : prompts[prompt]));
  const positions = own.map((prompt) => (prompt === undefined ? 0 : prompt.ids.length + count));
  const inputIds = slots.map((prompt) => (prompt === undefined ? 0 : tokens[prompt]));
  const layouts = own.map((prompt) => prompt?.layout ?? { images: [] });
  return {
    inputIds: int32(shape, inputIds),
    positionIds: model.family.rotaryPositions(int32(shape, positions), layouts),
  };
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

/** Answers under way: what is predicted for each slot, again and again. */
interface Passes {
  readonly prediction: Prediction<HostArray>;
  /** For each slot its prompt; undefined where there is none. */
  readonly slots: Cache["slots"];
  /** The predictions after one more token of each prompt, of which only `going` go on. */
  next(tokens: readonly number[], going: readonly number[]): Promise<void>;
  /** Gives back what is kept on a device. */
  close(): void;
}

/** Begins with the prediction after the prompts. */
async function openPasses(
  { decoder, nameOf }: NamedDecoder,
  { prefill, step, place }: Programs,
  params: unknown,
  rows: Rows,
  { knockOut, reading }: { readonly knockOut?: PromptKnockOut; readonly reading?: PromptReading } = {},
): Promise<Passes> {
  const placed = { rowOf: rows.places.map(({ row }) => row), layout: rows.room.layout };
  let prediction = await prefill(params, rows.inputs, lastPositions(rows), {
    ...(knockOut && { knockOut: prefillKnockOut(knockOut, rows, rows.inputs.inputIds.shape) }),
    ...(reading && { read: reading.args(placed) }),
  });
  await mustBeNumbers([prediction.said, prediction.read], params, nameOf);
  reading?.onRead(prediction.read, placed);
  let batch = rows.inputs.inputIds.shape[0];
  const room = Math.min(firstRoom(rows.prompts.length), rows.newTokens);
  const stored =
    rows.prompts.length <= few && rows.newTokens >= worthPacking ? await inFiles(params) : undefined;
  let cache = openCache(decoder.layers, prediction.layers, rows, { rows: batch, room });
  const onDevice = openDeviceCache(place);
  let count = 0;
  return {
    get prediction() {
      return prediction;
    },
    get slots() {
      return cache.slots;
    },
    async next(tokens, going) {
      checkWindow(decoder, rows, count + 1);
      const fewer = Math.ceil(cache.slots.length / LEAVING);
      if (going.length <= fewer && fewer < cache.slots.length) {
        const wanted = new Set(going);
        const picked = [...cache.slots.keys()].filter((slot) => wanted.has(cache.slots[slot] ?? -1));
        cache = pickedCache(cache, picked, batch, fewer);
        batch = fewer;
      }
      if (count === cache.room) cache = grownCache(cache, Math.min(LEAVING * cache.room, rows.newTokens));
      const kept = {
        masks: cacheMasks(cache, rows, count),
        layers: await onDevice.placed(cache.layers),
        ...(knockOut && { knockOut: stepKnockOut(knockOut, rows, cache) }),
      };
      prediction = await step(params, stepInputs(rows, cache, count, tokens), kept, stored);
      await mustBeNumbers(prediction.said, params, nameOf);
      keepNewest(cache, prediction.layers, count++);
    },
    close: onDevice.dispose,
  };
}

/** A batch gets smaller, and the room for new tokens larger, by so much at once: every size is a program. */
const LEAVING = 4;

async function decode(
  passes: Passes,
  rows: Rows,
  { maxNewTokens, ...rule }: DecodingRule & { readonly maxNewTokens: number },
): Promise<Generation[]> {
  const answers = rows.prompts.map(({ ids }) => startAnswer(ids));
  const tokens = new Array<number>(answers.length).fill(0);
  for (let count = 1; ; count++) {
    for (const [slot, prompt] of passes.slots.entries())
      if (prompt !== undefined && !answers[prompt].ended)
        tokens[prompt] = extend(answers[prompt], passes.prediction, { slot, prompt }, rows, rule);
    const going = [...answers.keys()].filter((prompt) => !answers[prompt].ended);
    if (count === maxNewTokens || going.length === 0) break;
    await passes.next(tokens, going);
  }
  return answers.map(({ seen: _, ...answer }) => answer);
}

interface DecodingRule {
  readonly ends: ReadonlySet<number>;
  readonly penalty: number;
  readonly withLogs: boolean;
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

/** Adds a prompt's most probable token, which it returns. */
function extend(
  answer: Answer,
  prediction: Prediction<HostArray>,
  { slot, prompt }: { readonly slot: number; readonly prompt: number },
  { prompts, room }: Rows,
  { ends, penalty, withLogs }: DecodingRule,
): number {
  const token = mostProbableOf(prediction, slot, answer.seen, penalty);
  answer.seen.add(token);
  answer.tokens.push(token);
  if (withLogs) answer.logProbabilities.push(logProbability(logitsOf(prediction, slot), token));
  answer.ended = ends.has(token);
  const { imageAttention } = prediction;
  if (imageAttention.length > 0) {
    const places = imagePlaces(prompts[prompt].layout, room.layout);
    answer.imageAttention.push(imageAttention.map((layer) => imageRow(layer, slot, places)));
  }
  return token;
}

/** The most probable token of a slot, whatever was read of its logits. */
function mostProbableOf(
  prediction: Prediction<HostArray>,
  slot: number,
  seen: Iterable<number>,
  penalty: number,
): number {
  if ("best" in prediction.said) return Number(prediction.said.best.data[slot]);
  return mostProbable(penalised(logitsOf(prediction, slot), seen, penalty));
}

/** A slot's row of logits [N, V]. */
function logitsOf({ said }: Prediction<HostArray>, slot: number): Float32Array {
  if (!("logits" in said)) throw new TypeError("generate: this pass gives no logits");
  const { data, shape } = said.logits;
  return (data as Float32Array).subarray(slot * shape[1], (slot + 1) * shape[1]);
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
