/** A worker of the page that holds one model and does its jobs, one after the other. */
import { UserError } from "../../common/errors.ts";
import { leavesWithPaths } from "../../engine/host.ts";
import { openVlm, type Vlm } from "../../vlm/open.ts";
import type { ModelCard } from "../jobs/job.ts";
import { perform } from "../jobs/perform.ts";
import type { Failure, FromWorker, OpenInPage, ToWorker } from "./messages.ts";

/** The worker's end of the line. */
interface Port {
  postMessage(message: FromWorker): void;
  addEventListener(type: "message", listener: (event: MessageEvent<ToWorker>) => void): void;
}

// TypeScript's library has the types of pages or of workers, not both.
const port = globalThis as unknown as Port;
const waiting = new Map<number, AbortController>();
let turn: Promise<unknown> = Promise.resolve();
let model: Promise<Vlm> | undefined;

port.addEventListener("message", ({ data }) => {
  if ("open" in data) void open(data.open);
  else if ("cancel" in data) waiting.get(data.cancel)?.abort();
  else {
    const controller = new AbortController();
    waiting.set(data.id, controller);
    turn = turn.then(() => answer(data, controller.signal));
  }
});

async function open({ folder, assets, device, threads }: OpenInPage): Promise<void> {
  model = openVlm(folder, { machine: { device, assets, ...(threads !== undefined && { threads }) } });
  try {
    port.postMessage({ card: cardOf(await model, device) });
  } catch (error) {
    port.postMessage({ unopened: failureOf(error) });
  }
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

function failureOf(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error);
  return { message, isUserError: error instanceof UserError };
}

function hasShape(leaf: unknown): leaf is { readonly shape: readonly number[] } {
  return typeof leaf === "object" && leaf !== null && "shape" in leaf;
}

function cardOf({ name, folder, facts, family, params }: Vlm, device: string): ModelCard {
  const leaves = leavesWithPaths(params, hasShape);
  return {
    name,
    folder,
    family: String((family.configToJson() as { model_type?: unknown }).model_type),
    parameters: leaves.reduce((sum, [, { shape }]) => sum + shape.reduce((a, b) => a * b, 1), 0),
    layers: facts.layers,
    attentionLayers: facts.attentionLayers.map((index) => index + 1),
    vocabulary: facts.vocabSize,
    runsOn: `page, ${device}`,
  };
}
