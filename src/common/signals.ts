/** Signals that ask a process to end: a command that saves stops in good order, every other one leaves nothing half written. */
import { readFileSync, readlinkSync } from "node:fs";
import { isInNativeCall } from "./native-calls.ts";

/** What a shell expects of a program that a signal ended: 128 and its number. SIGPIPE stands for output that nobody reads. */
export const exitCodes = { SIGHUP: 129, SIGINT: 130, SIGPIPE: 141, SIGTERM: 143 } as const;

export type EndSignal = keyof typeof exitCodes;

const listened = ["SIGHUP", "SIGINT", "SIGTERM"] as const;

/** Of a command that saves what it has before it ends. */
export interface OrderlyStop {
  /** Aborted by the first signal, whose name is its reason. */
  readonly signal: AbortSignal;
  /** The exit code of the signal that came; undefined before one did. */
  readonly code: number | undefined;
  /** From here on signals are no longer this command's. */
  release(): void;
}

/** The exit code of a command that `signal` of {@link OrderlyStop} stopped. */
export function exitCodeOf(signal: AbortSignal | undefined): number {
  const codes: Readonly<Record<string, number>> = exitCodes;
  return codes[String(signal?.reason)] ?? exitCodes.SIGINT;
}

interface Stopper {
  readonly controller: AbortController;
  readonly onSecond: (() => void)[];
}

const stoppers = new Set<Stopper>();
const cleanings = new Set<() => void>();

/** When the first signal came, milliseconds of `performance.now()`. */
let first: number | undefined;

/** A runner such as npm passes the Ctrl-C on that its child has had from the terminal already. */
const echo = 500;

/**
 * Until it is released, the first of SIGINT, SIGTERM and SIGHUP aborts `signal`, and the command saves and ends by itself.
 * The second calls `onSecondSignal` where it is given; else, and at the third, the process ends at once.
 */
export function stopInOrder(onSecondSignal?: () => void): OrderlyStop {
  const stopper: Stopper = {
    controller: new AbortController(),
    onSecond: onSecondSignal ? [onSecondSignal] : [],
  };
  const { signal } = stopper.controller;
  const remove = add(stoppers, stopper);
  return {
    signal,
    get code() {
      return signal.aborted ? exitCodeOf(signal) : undefined;
    },
    release() {
      remove();
      if (stoppers.size === 0) first = undefined;
    },
  };
}

/** Has `clean`, which must be synchronous, run when a signal ends the process at once; the function that is returned ends that. */
export function cleanOnSuddenEnd(clean: () => void): () => void {
  return add(cleanings, clean);
}

function add<T>(set: Set<T>, member: T): () => void {
  const before = stoppers.size + cleanings.size;
  set.add(member);
  if (before === 0) for (const name of listened) process.on(name, onSignal);
  return () => {
    if (set.delete(member) && stoppers.size + cleanings.size === 0)
      for (const name of listened) process.off(name, onSignal);
  };
}

function onSignal(name: NodeJS.Signals): void {
  if (name === "SIGHUP" && hangUpIsIgnored()) return;
  const isOthers = stoppers.size === 0 && process.listenerCount(name) > 1;
  if (!isOthers) askToEnd(name as EndSignal); // A program around this one may have a handler of its own.
}

/** What a signal does; also called for output that nobody reads. */
export function askToEnd(name: EndSignal): void {
  if (stoppers.size === 0) endNow(name);
  const now = performance.now();
  if (first === undefined) {
    first = now;
    for (const { controller } of stoppers) controller.abort(name);
  } else if (now - first > echo) {
    const calls = [...stoppers].flatMap((stopper) => stopper.onSecond.splice(0));
    if (calls.length === 0) endNow(name);
    for (const call of calls) call();
  }
}

function endNow(name: EndSignal): never {
  for (const clean of cleanings) {
    try {
      clean();
    } catch {
      // The others have their turn.
    }
  }
  if (isInNativeCall()) dieOf(name);
  process.exit(exitCodes[name]);
}

/** As a process does that has no handler; a signal that Node ignores itself is none that ends it. */
function dieOf(name: EndSignal): void {
  process.removeAllListeners(name);
  process.kill(process.pid, name === "SIGPIPE" ? "SIGKILL" : name);
}

/**
 * Whether the command was started by nohup: Node sets every signal back to what it does by default, but GNU nohup leaves
 * a sign of its own, a standard input that can only be written to.
 */
function hangUpIsIgnored(): boolean {
  try {
    const [, flags] = /^flags:\s*(\d+)/m.exec(readFileSync("/proc/self/fdinfo/0", "utf8")) ?? [];
    const writesOnly = (Number.parseInt(flags, 8) & 3) === 1;
    return writesOnly && readlinkSync("/proc/self/fd/0") === "/dev/null";
  } catch {
    return false; // Not Linux, or no standard input.
  }
}

/** Where nohup started the command, has it live through the end of its terminal. */
export function keepNohup(): void {
  if (hangUpIsIgnored()) process.on("SIGHUP", () => {});
}
