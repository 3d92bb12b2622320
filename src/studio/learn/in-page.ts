/** A training in a worker of the page. */
import { UserError } from "../../common/errors.ts";
import type { FromTrainer, ToTrainer, TrainingStart } from "./messages.ts";

export type ModelFiles = Readonly<Record<string, Uint8Array<ArrayBuffer>>>;

export interface Training {
  /** After the step that is being made. */
  pause(): void;
  go(): void;
  /** The model's folder as it is now, between two steps. Rejects with a UserError where there is none. */
  files(): Promise<ModelFiles>;
  close(): void;
}

export interface TrainInPage extends TrainingStart {
  /** The address of the built worker.ts. */
  readonly worker: URL;
  readonly onMessage: (message: Exclude<FromTrainer, { saved: number }>) => void;
}

export function trainInPage({ worker: script, onMessage, ...start }: TrainInPage): Training {
  const worker = new Worker(script, { type: "module" });
  const say = (message: ToTrainer) => worker.postMessage(message);
  const waiting = new Map<number, PromiseWithResolvers<ModelFiles>>();
  const end = (why: string) => {
    for (const { reject } of waiting.values()) reject(new UserError(why));
    waiting.clear();
  };
  worker.addEventListener("error", (event) => {
    event.preventDefault(); // It is told to those who wait.
    const line = `the worker that trains failed: ${event.message ?? "its script cannot be loaded"}`;
    end(line);
    onMessage({ failed: { message: line, isUserError: false } });
  });
  worker.addEventListener("message", ({ data }: MessageEvent<FromTrainer>) => {
    if (!("saved" in data)) onMessage(data);
    else {
      const call = waiting.get(data.saved);
      waiting.delete(data.saved);
      if (data.files === undefined) call?.reject(new UserError(data.problem ?? "there is no model yet"));
      else call?.resolve(data.files);
    }
  });
  say({ start });
  let next = 0;
  return {
    pause: () => say({ pause: true }),
    go: () => say({ pause: false }),
    files() {
      const call = Promise.withResolvers<ModelFiles>();
      const id = next++;
      waiting.set(id, call);
      say({ save: id });
      return call.promise;
    },
    close() {
      end("the training was closed");
      worker.terminate();
    },
  };
}
