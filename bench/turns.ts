/** Processes that are measured in turns: all of them are open, one of them runs. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";

/** A process that answers each line with a line of JSON. It stands still between two questions. */
export interface Turn<Ready, Answer> {
  /** Its first line: it is ready. */
  readonly ready: Ready;
  ask(question: object): Promise<Answer>;
  close(): Promise<void>;
}

type Child = ChildProcessByStdio<Writable, Readable, null>;

// A process that stands still does not notice that nobody asks it any more.
for (const name of ["SIGHUP", "SIGINT", "SIGTERM"] as const) process.once(name, () => process.exit(130));

/** Starts `command` and waits for its first line. Throws an Error where it ends before. */
export async function openTurn<Ready, Answer>(
  command: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Turn<Ready, Answer>> {
  const [program, ...args] = command;
  const child = spawn(program, args, {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, ...environment },
  });
  const end = () => void child.kill("SIGKILL");
  process.once("exit", end);
  child.once("exit", () => process.off("exit", end));
  const lines = linesOf(child);
  const next = async <T>(): Promise<T> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${command.slice(0, 2).join(" ")} ended without an answer`);
    return JSON.parse(value) as T;
  };
  const ready = await next<Ready>();
  child.kill("SIGSTOP");
  return {
    ready,
    async ask(question) {
      child.kill("SIGCONT");
      child.stdin.write(`${JSON.stringify(question)}\n`);
      const answer = await next<Answer>();
      child.kill("SIGSTOP");
      return answer;
    },
    close: () => closed(child),
  };
}

/** Lines of JSON; whatever else a library prints is passed over. */
async function* linesOf(child: Child): AsyncGenerator<string> {
  for await (const line of createInterface({ input: child.stdout })) if (line.startsWith("{")) yield line;
}

async function closed(child: Child): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}
