/** A model folder as a provider. */
import { createHash } from "node:crypto";
import { open, readdir, readFile, stat } from "node:fs/promises";
import { totalmem } from "node:os";
import { join } from "node:path";
import { type AnswerFamily, type FamilyName, familyOf } from "../../answers/families.ts";
import type { Machine } from "../../engine/runtime/runtime.ts";
import { decodeImage } from "../../hub/image/image-file.ts";
import type { WeightForm } from "../../hub/weights/weights.ts";
import { modelParts } from "../../models/adapter/adapter.ts";
import type { Generation, Generator, PlannedRoom, PromptRow } from "../../models/contract/generation.ts";
import type { ProcessedImage } from "../../models/inputs/images.ts";
import { answerText, decodingOf, unknownTokens } from "../../vlm/answer.ts";
import { frameReader } from "../../vlm/frame.ts";
import { openVlm, type Vlm } from "../../vlm/open.ts";
import {
  type AskedQuestion,
  askedOf,
  type GivenQuestion,
  type PassBounds,
  passesOf,
  planFor,
  questionRows,
} from "../../vlm/passes.ts";
import type { Plan } from "../../vlm/plan.ts";
import { type Prompt, promptFor, promptOf, promptRow } from "../../vlm/prompt.ts";
import { unknownWords } from "../../vlm/words.ts";
import { type Ask, type AskPlace, type Provider, ProviderError, type Reply } from "./provider.ts";
import { turnsOf } from "./turns.ts";

export interface LocalOptions {
  readonly family?: FamilyName;
  /** Questions answered in one pass. */
  readonly batch?: number;
  /** How the weights are held; default "memory". */
  readonly weights?: WeightForm;
  /** Where its programs run. */
  readonly machine?: Machine;
}

/** Questions of a turn: a pass of so many is bound by what it computes, not by reading the weights, also when most have ended. */
const QUESTIONS = 128;

/** Bytes that a pass takes at most, about, where it has more than one row: or an eighth of the machine's memory. */
const PASS_BYTES = 2 ** 31;

/** A question that waits for its turn. */
interface Waiting {
  readonly ask: Ask;
  readonly signal: AbortSignal;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: unknown) => void;
  readonly place?: AskPlace;
}

/** A Hugging Face folder of a family that Fovea knows; greedy answers, those that wait together in one pass. */
export async function openLocal(folder: string, options: LocalOptions = {}): Promise<Provider> {
  const { batch = QUESTIONS, weights = "memory", machine } = options;
  const model = await openVlm(folder, { weights, ...(machine && { machine }) });
  const answer = answerer(model, { questions: batch, bytes: Math.min(PASS_BYTES, totalmem() / 8) });
  const turns = turnsOf<Waiting>(batch, (turn) => serve(turn, answer.answer));
  return {
    name: folder,
    family: localFamily(model, options.family),
    identity: await identityOf(folder, weights, machine?.precision),
    isLocal: true,
    concurrency: 2 * batch, // The next turn is read from the disk while one runs.
    ask(ask, signal) {
      const { promise, resolve, reject } = Promise.withResolvers<Reply>();
      turns.add({ ask, signal, resolve, reject, ...(ask.place && { place: ask.place }) });
      return promise;
    },
    expect(questions) {
      const given = questions.map(({ image, width, height, prompt }) => ({
        picture: image,
        size: { width, height },
        question: prompt,
      }));
      const turns = Array.from({ length: Math.ceil(given.length / batch) }, (_, t) =>
        given.slice(t * batch, (t + 1) * batch),
      );
      answer.expect(turns);
    },
    async describe({ image, prompt }) {
      const { prefix, question } = promptOf(model, await decodeImage(image.bytes, image.name), prompt);
      const body = {
        prompt,
        tokens: prefix.length + question.length,
        image: `${image.width} x ${image.height}`,
      };
      return { to: folder, body };
    },
    unknownWords: (text) => unknownWords(model, text),
    async close() {
      await turns.idle();
      await answer.close();
    },
  };
}

/** Answers come out in the order of the questions, each as soon as it and all before it are there. */
async function serve(
  turn: readonly Waiting[],
  answer: (asks: readonly Ask[], onOutcome: (index: number, outcome: Outcome) => void) => Promise<void>,
): Promise<void> {
  const alive = turn.filter(({ signal }) => !signal.aborted);
  for (const { signal, reject } of turn) if (signal.aborted) reject(signal.reason);
  const outcomes = new Map<number, Outcome>();
  let next = 0;
  const onOutcome = (index: number, outcome: Outcome) => {
    outcomes.set(index, outcome);
    for (let ready = outcomes.get(next); ready !== undefined; ready = outcomes.get(++next)) {
      if (ready instanceof Error) alive[next].reject(ready);
      else alive[next].resolve(ready);
    }
  };
  if (alive.length === 0) return;
  try {
    await answer(
      alive.map(({ ask }) => ask),
      onOutcome,
    );
  } catch (error) {
    for (const { reject } of alive.slice(next)) reject(error);
  }
}

/** As the model's folder says, unless another family is asked for; pictures are seen as its own processor makes them. */
export function localFamily(model: Vlm, given?: FamilyName): AnswerFamily {
  const asking = given === undefined ? model.asking : familyOf(given);
  const { name, bare, places } = asking;
  const frame = frameReader(model.reader, places);
  return {
    name,
    description: `${model.name}, as its folder says`,
    bare,
    places,
    processedSize: (size) => frame(size).processed,
  };
}

function answerer(model: Vlm, bounds: PassBounds) {
  const options = { maxNewTokens: 1, ...decodingOf(model) };
  const generator = model.family.createGenerator(options);
  let plan: Plan | undefined;
  return {
    /** Plans rooms for questions that will come, in turns as they will come. */
    expect(turns: readonly (readonly GivenQuestion[])[]): void {
      plan = planFor(
        model,
        turns.flatMap((turn) => questionRows(model, knownOf(model, turn))),
      );
    },
    async answer(asks: readonly Ask[], onOutcome: (index: number, outcome: Outcome) => void): Promise<void> {
      const { together, alone, refused } = sorted(model, asks);
      plan ??= planFor(model, questionRows(model, tokensOf(together)));
      for (const [index, outcome] of refused) onOutcome(index, outcome);
      const passes = [together, ...alone.map((one) => [one])].flatMap((some) =>
        passesOf(model, questionRows(model, tokensOf(some)), plan as Plan, bounds).map((pass) => ({
          pass,
          indices: pass.rows.flatMap(({ questions }) => questions.map((i) => some[i].index)),
        })),
      );
      let next = passes[0] && read(model, asks, passes[0].indices);
      for (const [i, { pass }] of passes.entries()) {
        const prompts = await next;
        next = passes[i + 1] && read(model, asks, passes[i + 1].indices); // While this pass is computed.
        for (const [index, outcome] of await answerPass(model, generator, asks, prompts, pass))
          onOutcome(index, outcome);
      }
    },
    close: () => generator.dispose(),
  };
}

/** What became of a question; an error that is no `ProviderError` is the user's to mend. */
type Outcome = Reply | Error;

/** A question of a turn, in tokens. */
interface Placed {
  readonly index: number;
  readonly asked: AskedQuestion;
}

const tokensOf = (placed: readonly Placed[]) => placed.map(({ asked }) => asked);

/**
 * Those that can be asked at all, and why the others cannot. One that leaves less room for its answer than is wanted goes
 * alone: it would cut off the answers beside it.
 */
function sorted(model: Vlm, asks: readonly Ask[]) {
  const [together, alone]: [Placed[], Placed[]] = [[], []];
  const refused: [number, Outcome][] = [];
  for (const [index, { image, prompt, maxOutputTokens }] of asks.entries()) {
    try {
      const asked = askedOf(model, { picture: pictureKey(image), size: image, question: prompt });
      const left = model.facts.longestRow - lengthOf(asked);
      if (left < 1) refused.push([index, tooLong(model, lengthOf(asked))]);
      else (left < maxOutputTokens ? alone : together).push({ index, asked });
    } catch (error) {
      refused.push([index, error as Error]);
    }
  }
  return { together, alone, refused };
}

/** Questions that will come, without those that will be refused. */
function knownOf(model: Vlm, given: readonly GivenQuestion[]): AskedQuestion[] {
  return given.flatMap((one) => {
    try {
      const asked = askedOf(model, one);
      return lengthOf(asked) < model.facts.longestRow ? [asked] : [];
    } catch {
      return []; // Said when it is asked.
    }
  });
}

const lengthOf = ({ prefix, question }: AskedQuestion) => prefix.length + question.length;

const keys = new WeakMap<Uint8Array, string>();

/** The same for pictures of the same bytes. */
function pictureKey({ bytes }: Ask["image"]): string {
  const key = keys.get(bytes) ?? createHash("sha256").update(bytes).digest("base64");
  keys.set(bytes, key);
  return key;
}

type ReadPrompts = readonly (readonly [number, Prompt | Error])[];

/** The prompts of a pass. Each picture is decoded and processed once, and its prompts hold the same object: it is computed once. */
async function read(model: Vlm, asks: readonly Ask[], indices: readonly number[]): Promise<ReadPrompts> {
  const known = new Map<string, Promise<ProcessedImage>>();
  return Promise.all(
    indices.map(async (i) => {
      const { image, prompt } = asks[i];
      const key = pictureKey(image);
      const processed =
        known.get(key) ?? decodeImage(image.bytes, image.name).then((one) => model.reader.preprocess(one));
      known.set(key, processed);
      try {
        return [i, promptFor(model, await processed, prompt)] as const;
      } catch (error) {
        return [i, error as Error] as const;
      }
    }),
  );
}

async function answerPass(
  model: Vlm,
  generator: Generator<Vlm["params"]>,
  asks: readonly Ask[],
  read: ReadPrompts,
  room: PlannedRoom,
): Promise<(readonly [number, Outcome])[]> {
  const whole = read.flatMap(([i, prompt]) => (prompt instanceof Error ? [] : [{ i, prompt }]));
  const broken = read.flatMap(([i, prompt]) => (prompt instanceof Error ? [[i, prompt] as const] : []));
  if (whole.length === 0) return broken;
  const rows = whole.map(({ prompt }) => promptRow(prompt));
  const wanted = Math.max(...whole.map(({ i }) => asks[i].maxOutputTokens));
  const maxNewTokens = roomFor(model, rows, wanted);
  const found = await generator.generate(model.params, rows, { maxNewTokens, room });
  const replies = whole.map(({ i }, j) => [i, replyOf(model, rows[j], found[j])] as const);
  return [...replies, ...broken];
}

/** A question that leaves no room for an answer is turned down alone. */
function tooLong({ name, facts }: Vlm, length: number): ProviderError {
  const most = facts.longestRow - 1;
  return new ProviderError(
    "refused",
    `model ${name}: question must be of at most ${most} tokens, got ${length} with its picture`,
  );
}

function replyOf(model: Vlm, { ids }: PromptRow, { tokens, ended }: Generation): Reply {
  const text = answerText(model, tokens);
  const unknown = unknownTokens(model, tokens);
  const counts = { inputTokens: ids.length, outputTokens: tokens.length };
  const warnings = warningsOf(model, unknown);
  return {
    text,
    ...counts,
    ...(unknown > 0 && { unknownTokens: unknown }),
    ...(!ended && { stopped: "length" as const }),
    ...(warnings.length > 0 && { warnings }),
  };
}

function warningsOf({ name, chat }: Vlm, unknown: number): string[] {
  return [
    ...(chat.isStandIn ? [`${name} has no chat template: it is asked in LLaVA-1.5's form`] : []),
    ...(unknown > 0 ? [`${name} says tokens that its tokenizer has no text for; they are left out`] : []),
  ];
}

/** New tokens that fit behind the longest prompt. */
function roomFor({ facts }: Vlm, prompts: readonly PromptRow[], wanted: number): number {
  return Math.min(wanted, ...prompts.map(({ ids }) => facts.longestRow - ids.length));
}

/**
 * Rounded weights are another model, and so are products of halves; where weights lie makes no difference. What meets weights in
 * few bits is rounded too, unless `precision` is `float32`.
 */
async function identityOf(
  folder: string,
  weights: WeightForm,
  precision: Machine["precision"],
): Promise<string> {
  const isRounded = weights === "int8" || weights === "int4";
  const changed = precision === "float16" || (isRounded && precision === "float32");
  const rounded = [...(isRounded ? [weights] : []), ...(changed ? [precision] : [])];
  return [await modelHash(folder), ...rounded].join(" ");
}

/** Of a model folder, or of an adapter's folder and its base. */
async function modelHash(folder: string): Promise<string> {
  const { base, adapter } = await modelParts(folder);
  const own = await folderHash(base, "config.json");
  if (adapter === undefined) return own;
  const change = await folderHash(adapter, "adapter_config.json");
  return createHash("sha256").update(`${own} ${change}`).digest("hex");
}

/**
 * SHA-256 of the config and of names, sizes, first and last megabyte of the weight files: enough to notice that a
 * folder was trained anew, and cheap for large ones.
 */
async function folderHash(folder: string, config: string): Promise<string> {
  const hash = createHash("sha256").update(await readFile(join(folder, config)));
  const names = (await readdir(folder)).filter((name) => name.endsWith(".safetensors")).sort();
  for (const name of names) {
    const path = join(folder, name);
    const { size } = await stat(path);
    hash.update(`${name} ${size}\n`);
    const file = await open(path);
    const part = Buffer.alloc(Math.min(size, 1 << 20));
    for (const at of [0, size - part.length]) {
      await file.read(part, 0, part.length, at);
      hash.update(part);
    }
    await file.close();
  }
  return hash.digest("hex");
}
