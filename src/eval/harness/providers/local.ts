import { createHash } from "node:crypto";
import { open, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { mustBe } from "../../../common/errors.ts";
import { float32, type HostArray } from "../../../engine/host.ts";
import { promptParts } from "../../../hub/chat.ts";
import { readImage } from "../../../hub/image-file.ts";
import { answerText, endIds } from "../../../lens/attention.ts";
import { openVlm, seeImage, type Vlm } from "../../../lens/model.ts";
import type { Generator } from "../../../models/generation.ts";
import { type FamilyName, familyNames } from "../families.ts";
import type { Ask, Provider, Reply } from "./provider.ts";

export interface LocalOptions {
  readonly family?: FamilyName;
  /** Questions answered in one pass. */
  readonly batch?: number;
}

/** A question that waits for its turn. */
interface Waiting {
  readonly ask: Ask;
  readonly signal: AbortSignal;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: unknown) => void;
}

/** A Hugging Face folder of a family that Fovea knows; greedy answers, those that wait together in one pass. */
export async function openLocal(folder: string, options: LocalOptions = {}): Promise<Provider> {
  const model = await openVlm(folder);
  const { batch = 16 } = options;
  const answer = answerer(model, batch);
  let waiting: Waiting[] = [];
  let running: Promise<void> | undefined;
  const work = async () => {
    while (waiting.length > 0) {
      const turn = waiting.slice(0, batch);
      waiting = waiting.slice(batch);
      await serve(turn, answer.answer);
    }
    running = undefined;
  };
  return {
    name: folder,
    family: options.family ?? localFamily(model),
    identity: await folderHash(folder),
    isLocal: true,
    concurrency: 2 * batch, // The next turn is read from the disk while one runs.
    ask(ask, signal) {
      const { promise, resolve, reject } = Promise.withResolvers<Reply>();
      waiting.push({ ask, signal, resolve, reject });
      running ??= new Promise<void>((go) => setTimeout(go, gathering)).then(work);
      return promise;
    },
    async describe({ image, prompt }) {
      const { imageTokens } = model.facts;
      const { prefix, question } = promptParts(model.chat, { question: prompt, imageTokens });
      const body = {
        prompt,
        tokens: prefix.length + question.length,
        image: `${image.width} x ${image.height}`,
      };
      return { to: folder, body };
    },
    async close() {
      await running;
      await answer.close();
    },
  };
}

/** Milliseconds in which the first questions gather, so that they are answered together. */
const gathering = 20;

async function serve(
  turn: readonly Waiting[],
  answer: (asks: readonly Ask[]) => Promise<Reply[]>,
): Promise<void> {
  const alive = turn.filter(({ signal }) => !signal.aborted);
  for (const { signal, reject } of turn) if (signal.aborted) reject(signal.reason);
  if (alive.length === 0) return;
  try {
    const replies = await answer(alive.map(({ ask }) => ask));
    for (const [i, { resolve }] of alive.entries()) resolve(replies[i]);
  } catch (error) {
    for (const { reject } of alive) reject(error);
  }
}

/** Small models with a vocabulary of whole words know nothing of instructions; others are known by their type. */
function localFamily(model: Vlm): FamilyName {
  const known = familyNames.find((name) => name === model.facts.modelType);
  if (known !== undefined) return known;
  return model.facts.vocabSize < 10_000 ? "fovea" : "generic";
}

function answerer(model: Vlm, batch: number) {
  const generators = new Map<number, Generator<unknown>>();
  const generatorFor = (maxNewTokens: number) => {
    const found = generators.get(maxNewTokens);
    if (found !== undefined) return found;
    const options = { maxNewTokens, eosTokenIds: endIds(model) };
    const made = model.family.createGenerator(model.config as never, options) as Generator<unknown>;
    generators.set(maxNewTokens, made);
    return made;
  };
  return {
    async answer(asks: readonly Ask[]): Promise<Reply[]> {
      const prompts = asks.map(({ prompt }) => promptIds(model, prompt));
      const room = roomFor(model, prompts, Math.max(...asks.map(({ maxOutputTokens }) => maxOutputTokens)));
      const pixels = await Promise.all(asks.map(async ({ image }) => seen(model, image.bytes)));
      // A last, smaller turn is filled up with its first question, so that no program of its own is compiled.
      const fill = <T>(items: readonly T[]) => Array.from({ length: batch }, (_, i) => items[i] ?? items[0]);
      const found = await generatorFor(room).generate(model.params, stack(fill(pixels)), fill(prompts));
      return asks.map((_, i) => {
        const { tokens, ended } = found[i];
        const text = answerText(model, tokens);
        const counts = { inputTokens: prompts[i].length, outputTokens: tokens.length };
        return { text, ...counts, ...(!ended && { stopped: "length" as const }) };
      });
    },
    close: async () => {
      await Promise.all([...generators.values()].map((generator) => generator.dispose()));
    },
  };
}

function promptIds(model: Vlm, prompt: string): number[] {
  const parts = promptParts(model.chat, { question: prompt, imageTokens: model.facts.imageTokens });
  return [...parts.prefix, ...parts.question];
}

/** New tokens that fit behind the longest prompt; its length is rounded up as the generator does. */
function roomFor(model: Vlm, prompts: readonly (readonly number[])[], wanted: number): number {
  const longest = Math.max(...prompts.map(({ length }) => length));
  const room = Math.min(wanted, model.facts.maxPositions - Math.ceil(longest / 16) * 16);
  if (room >= 1) return room;
  throw mustBe(`model ${model.name}`, "question", `of at most ${model.facts.maxPositions} tokens`, longest);
}

async function seen(model: Vlm, bytes: Uint8Array): Promise<HostArray<"float32">> {
  return seeImage(model, await readImage(bytes)).pixelValues;
}

/** B times [1, 3, Y, X] or [3, Y, X] -> [B, 3, Y, X] */
function stack(images: readonly HostArray<"float32">[]): HostArray<"float32"> {
  const shape = images[0].shape.slice(-3);
  const all = float32([images.length, ...shape]);
  const size = shape[0] * shape[1] * shape[2];
  for (const [i, { data }] of images.entries()) all.data.set(data, i * size);
  return all;
}

/**
 * SHA-256 of the config and of names, sizes, first and last megabyte of the weight files: enough to notice that a
 * folder was trained anew, and cheap for large ones.
 */
async function folderHash(folder: string): Promise<string> {
  const hash = createHash("sha256").update(await readFile(join(folder, "config.json")));
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
