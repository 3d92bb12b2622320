/** A machine as it is told to a thread, and what the thread makes of it. */
import { shownText } from "../common/shown-text.ts";
import type { Machine } from "../engine/runtime/runtime.ts";

/** What of a machine can be sent. */
export type SentMachine = Pick<Machine, "device" | "threads" | "precision" | "cacheFolder">;

/** The machine in a thread: what of its programs does not run where it should is said on standard error. */
export function machineHere(sent: SentMachine = {}): Machine {
  return { ...sent, onNote: (line) => console.error(shownText(`fovea: ${line}`)) };
}

/** What of a machine a thread can be told. */
export function sentMachine({ device, threads, precision, cacheFolder }: Machine): SentMachine {
  return {
    ...(device !== undefined && { device }),
    ...(threads !== undefined && { threads }),
    ...(precision !== undefined && { precision }),
    ...(cacheFolder !== undefined && { cacheFolder }),
  };
}
