/** A worker of the page that holds one model and does its jobs, one after the other. */
import type { Machine } from "../../engine/runtime/runtime.ts";
import { warmUp } from "../../engine/warm-up.ts";
import { openVlm, type Vlm } from "../../vlm/open.ts";
import { perform } from "../jobs/perform.ts";
import { cardOf, learntOf } from "./card.ts";
import { countedFetch, LoadingParts } from "./counted-fetch.ts";
import { type FromWorker, failureOf, type OpenInPage, type ToWorker } from "./messages.ts";
import type { Loading } from "./model.ts";
import { openSource } from "./source.ts";

/** TypeScript's library has the types of pages: a worker's `postMessage` takes no origin. */
const port = globalThis as typeof globalThis & { postMessage(message: FromWorker): void };
const waiting = new Map<number, AbortController>();
let turn: Promise<unknown> = Promise.resolve();
let model: Promise<Vlm> | undefined;

port.addEventListener("message", ({ data }: MessageEvent<ToWorker>) => {
  if ("open" in data) void open(data.open);
  else if ("cancel" in data) waiting.get(data.cancel)?.abort();
  else {
    const controller = new AbortController();
    waiting.set(data.id, controller);
    turn = turn.then(() => answer(data, controller.signal)).then(nextMessages);
  }
});

/** Lets messages in: what ONNX Runtime gives on WebAssembly it gives at once, so that a row of jobs leaves no gap for them. */
function nextMessages(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

/**
 * Programs come fused already (engine/passes). ONNX Runtime's own passes make a program's opening twice as long and its runs
 * little faster: here what is seen first, and after a longer question, counts for more.
 */
const quickToOpen = { graphOptimizationLevel: "disabled" } as const;

async function open({ source, assets, device, threads }: OpenInPage): Promise<void> {
  const loaded = countLoading();
  const machine = {
    device,
    assets,
    ...(threads !== undefined && { threads }),
    ...(device === "wasm" && { session: quickToOpen }),
  };
  model = opened(source, machine);
  try {
    const threaded = threads === undefined || threads === 1 ? "" : `, ${threads} threads`;
    // At an address a file that is not there would be an error in the console: the shipped models have none.
    const learnt = "address" in source ? undefined : await learntOf(openSource(source), await model);
    const card = cardOf(await model, `page, ${device}${threaded}`, learnt);
    port.postMessage({ card, loaded: [...loaded] });
  } catch (error) {
    port.postMessage({ unopened: failureOf(error) });
  }
}

/** ONNX Runtime is loaded while the weights are. */
async function opened(source: OpenInPage["source"], machine: Machine): Promise<Vlm> {
  const [vlm] = await Promise.all([openVlm(openSource(source), { machine }), warmUp(machine)]);
  return vlm;
}

/** Between two messages of one progress, in milliseconds. */
const pause = 50;

/** Tells the page of what is loaded from now on; gives the addresses of it. */
function countLoading(): ReadonlySet<string> {
  const loaded = new Set<string>();
  let next = 0;
  const say = (loading: Loading) => {
    const now = performance.now();
    if (now < next && loading.done !== loading.total) return;
    next = now + pause;
    port.postMessage({ loading });
  };
  const parts = new LoadingParts(["weights", "runtime"], say);
  globalThis.fetch = countedFetch(globalThis.fetch, parts, partOf, (url) => {
    loaded.add(url);
    if (url.endsWith(".wasm")) loaded.add(url.replace(/wasm$/, "mjs")); // Which is imported, not fetched.
  });
  return loaded;
}

/** The files that take long. */
function partOf(url: string): string | undefined {
  if (/\.safetensors($|\?)/.test(url)) return "weights";
  return /\.wasm($|\?)/.test(url) ? "runtime" : undefined;
}

async function answer(asked: Extract<ToWorker, { kind: unknown }>, signal: AbortSignal): Promise<void> {
  const { id, kind, given } = asked;
  try {
    signal.throwIfAborted();
    if (model === undefined) throw new Error("no model is open");
    port.postMessage({ id, result: await perform(await model, kind, given, { signal }) });
  } catch (error) {
    port.postMessage({ id, failed: failureOf(error) });
  } finally {
    waiting.delete(id);
  }
}
