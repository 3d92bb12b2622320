/** A worker of the page that trains one model. */
import { UserError } from "../../common/errors.ts";
import { unpackCutOuts } from "../../data/assets/pack.ts";
import { openVlm } from "../../vlm/open.ts";
import { failureOf } from "../models/messages.ts";
import type { FromTrainer, ToTrainer, TrainingStart } from "./messages.ts";
import { openSession, type Session } from "./session.ts";

/** TypeScript's library has the types of pages: a worker's `postMessage` takes no origin. */
const port = globalThis as typeof globalThis & { postMessage(message: FromTrainer): void };
const say = (message: FromTrainer) => port.postMessage(message);
let session: Promise<Session> | undefined;

port.addEventListener("message", ({ data }: MessageEvent<ToTrainer>) => {
  if ("start" in data) {
    session = open(data.start);
    void train();
  } else if ("save" in data) void save(data.save);
  else if (data.pause) void pause();
  else void train();
});

async function open({ recipe, folder, cutOuts, assets, threads }: TrainingStart): Promise<Session> {
  say({ loading: { what: "the model and the things of its scenes", done: 0 } });
  const { device } = recipe;
  const machine = { device, assets, ...(threads !== undefined && { threads }) };
  const [model, packed] = await Promise.all([openVlm(folder, { machine }), bytesOf(cutOuts)]);
  return openSession({ recipe, model, cutOuts: unpackCutOuts(packed), machine, say });
}

/** A gzipped file, as it lies beside the page. */
async function bytesOf(address: string): Promise<Uint8Array> {
  const response = await fetch(address);
  if (!response.ok || response.body === null)
    throw new UserError(`${address} cannot be loaded: status ${response.status}`);
  const plain = response.body.pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(plain).arrayBuffer());
}

async function train(): Promise<void> {
  try {
    await (await session)?.run();
  } catch (error) {
    say({ failed: failureOf(error) });
  }
}

async function pause(): Promise<void> {
  const open = await session?.catch(() => undefined); // What could not be opened was told by train().
  open?.pause();
}

async function save(id: number): Promise<void> {
  try {
    const files = await (await session)?.files();
    say({ saved: id, files });
  } catch (error) {
    say({ saved: id, problem: failureOf(error).message });
  }
}
