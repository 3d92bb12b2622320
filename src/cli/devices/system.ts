/** What `fovea devices` asks the system for; tests answer in its place. */
import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { promisify } from "node:util";

export interface System {
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  readonly env: NodeJS.ProcessEnv;
  /** A file's text; empty where it cannot be read. */
  read(path: string): Promise<string>;
  /** The names in a folder; none where it cannot be read. */
  list(folder: string): Promise<readonly string[]>;
  /** What a program prints; empty where there is no such program, or it fails. */
  ask(command: string, args: readonly string[]): Promise<string>;
}

/** Milliseconds that a program of the system may take. */
const longest = 10_000;

export const thisSystem: System = {
  platform: process.platform,
  arch: process.arch,
  env: process.env,
  read: (path) => readFile(path, "utf8").catch(() => ""),
  list: (folder) => readdir(folder).catch(() => []),
  ask: (command, args) =>
    promisify(execFile)(command, args, { timeout: longest, encoding: "utf8", windowsHide: true }).then(
      ({ stdout }) => stdout,
      () => "",
    ),
};
