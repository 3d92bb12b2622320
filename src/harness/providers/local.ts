/** A model folder as a provider. */
import { createHash } from "node:crypto";
import { open, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { type AnswerFamily, type FamilyName, familyOf } from "../../answers/families.ts";
import type { Machine } from "../../engine/runtime/runtime.ts";
import { decodeImage } from "../../hub/image/image-file.ts";
import type { WeightForm } from "../../hub/weights/weights.ts";
import { modelParts } from "../../models/adapter/adapter.ts";
import type { Generation, PromptRow } from "../../models/contract/generation.ts";
import type { ProcessedImage } from "../../models/inputs/images.ts";
import { answerText, decodingOf, unknownTokens } from "../../vlm/answer.ts";
import { frameReader } from "../../vlm/frame.ts";
import { openVlm, type Vlm } from "../../vlm/open.ts";
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
  const { batch = 16, weights = "memory", machine } = options;
  const model = await openVlm(folder, { weights, ...(machine && { machine }) });
  const answer = answerer(model, batch);
  const turns = turnsOf<Waiting>(batch, (turn) => serve(turn, answer.answer));
  return {
    name: folder,
    family: localFamily(model, options.family),
    identity: await identityOf(folder, weights),
    isLocal: true,
    concurrency: 2 * batch, // The next turn is read from the disk while one runs.
    ask(ask, signal) {
      const { promise, resolve, reject } = Promise.withResolvers<Reply>();
      turns.add({ ask, signal, resolve, reject, ...(ask.place && { place: ask.place }) });
      return promise;
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

async function serve(
  turn: readonly Waiting[],
  answer: (asks: readonly Ask[]) => Promise<(Reply | ProviderError)[]>,
): Promise<void> {
  const alive = turn.filter(({ signal }) => !signal.aborted);
  for (const { signal, reject } of turn) if (signal.aborted) reject(signal.reason);
  if (alive.length === 0) return;
  try {
    const replies = await answer(alive.map(({ ask }) => ask));
    for (const [i, { resolve, reject }] of alive.entries()) {
      const reply = replies[i];
      if (reply instanceof ProviderError) reject(reply);
      else resolve(reply);
    }
  } catch (error) {
    for (const { reject } of alive) reject(error);
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

function answerer(model: Vlm, batch: number) {
  const options = { maxNewTokens: 1, ...decodingOf(model) };
  const generator = model.family.createGenerator(options);
  return {
    async answer(asks: readonly Ask[]): Promise<(Reply | ProviderError)[]> {
      const prompts = await promptsOf(model, asks);
      const wanted = Math.max(...asks.map(({ maxOutputTokens }) => maxOutputTokens));
      const replies: (Reply | ProviderError)[] = prompts.map((prompt) => tooLong(model, prompt));
      const fitting = [...prompts.keys()].filter((i) => roomBehind(model, prompts[i]) >= 1);
      for (const indices of likeLengths(prompts, fitting)) {
        const rows = indices.map((i) => promptRow(prompts[i]));
        const maxNewTokens = roomFor(model, rows, wanted);
        const found = await generator.generate(model.params, filledUp(rows, batch), { maxNewTokens });
        for (const [j, i] of indices.entries()) replies[i] = replyOf(model, rows[j], found[j]);
      }
      return replies;
    },
    close: () => generator.dispose(),
  };
}

/** Each picture is decoded and processed once, and its prompts hold the same object: a generator then computes it once. */
async function promptsOf(model: Vlm, asks: readonly Ask[]): Promise<Prompt[]> {
  const known = new Map<string, Promise<ProcessedImage>>();
  return Promise.all(
    asks.map(async ({ image, prompt }) => {
      const key = createHash("sha256").update(image.bytes).digest("base64");
      const processed =
        known.get(key) ?? decodeImage(image.bytes, image.name).then((one) => model.reader.preprocess(one));
      known.set(key, processed);
      return promptFor(model, await processed, prompt);
    }),
  );
}

/** Indices of prompts in passes of about one length, the longest at most a quarter longer than the shortest. */
function likeLengths(prompts: readonly Prompt[], fitting: readonly number[]): number[][] {
  const lengthOf = (i: number) => lengthOfPrompt(prompts[i]);
  const groups: number[][] = [];
  for (const i of [...fitting].sort((a, b) => lengthOf(a) - lengthOf(b))) {
    const last = groups.at(-1);
    if (last !== undefined && lengthOf(i) <= 1.25 * lengthOf(last[0])) last.push(i);
    else groups.push([i]);
  }
  return groups;
}

/** A smaller pass is filled up to a power of two with its first question, so that there are few programs. */
function filledUp(rows: readonly PromptRow[], batch: number): PromptRow[] {
  const size = Math.min(Math.max(batch, rows.length), 2 ** Math.ceil(Math.log2(rows.length)));
  return Array.from({ length: size }, (_, i) => rows[i] ?? rows[0]);
}

const lengthOfPrompt = ({ prefix, question }: Prompt) => prefix.length + question.length;

/** New tokens that fit behind a prompt. */
const roomBehind = ({ facts }: Vlm, prompt: Prompt) => facts.longestRow - lengthOfPrompt(prompt);

/** A question that leaves no room for an answer is turned down alone. */
function tooLong({ name, facts }: Vlm, prompt: Prompt): ProviderError {
  const most = facts.longestRow - 1;
  const got = `${lengthOfPrompt(prompt)} with its picture`;
  return new ProviderError(
    "refused",
    `model ${name}: question must be of at most ${most} tokens, got ${got}`,
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

/** Rounded weights are another model; where they lie makes no difference. */
async function identityOf(folder: string, weights: WeightForm): Promise<string> {
  const hash = await modelHash(folder);
  return weights === "memory" || weights === "mapped" ? hash : `${hash} ${weights}`;
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
