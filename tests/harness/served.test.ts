/** `fovea eval FOLDER` of a model behind `fovea serve-api`: the answers of the same model without a server. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { AnswerRecord } from "../../src/harness/record.ts";

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const model = fileURLToPath(new URL("../../checkpoints/full", import.meta.url));
const env = { ...process.env, SERVED_KEY: "the-key" };
const fovea = (...args: string[]) => promisify(execFile)(process.execPath, [main, ...args], { env });

let folder: string;
let data: string;
let server: ReturnType<typeof spawn>;
let api: string;
let log = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-served-"));
  data = join(folder, "data");
  await fovea("data", "make", "scenes", "--count", "8", "--seed", "11", "--out", data);
  const args = ["serve-api", "--model", model, "--port", "0", "--api-key-env", "SERVED_KEY"];
  server = spawn(process.execPath, [main, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  server.stderr?.on("data", (bytes) => {
    log += bytes;
  });
  const [line] = await once(createInterface(server.stdout as NodeJS.ReadableStream), "line");
  api = line.split(": ")[1];
});
afterAll(async () => {
  const exit = once(server, "exit");
  server.kill("SIGTERM");
  await exit;
  await rm(folder, { recursive: true, force: true });
});

async function answersOf(run: string): Promise<AnswerRecord[]> {
  const lines = (await readFile(join(folder, run, "answers.jsonl"), "utf8")).trimEnd().split("\n");
  const answers = lines.map((line) => JSON.parse(line) as AnswerRecord);
  return answers.sort((a, b) => a.id.localeCompare(b.id));
}

// Eight processes one after the other, each loading the model or waiting for one that does.
const patience = { timeout: 300_000 };

it("gives the same answers and scores over HTTP as in the process", patience, async () => {
  const evaluate = async (run: string, ...more: string[]) => {
    const { stdout } = await fovea("eval", data, "--out", join(folder, run), "--json", ...more);
    // A server does not tell which words its model knows.
    const { folder: _, run: _run, model: _model, unknown: _unknown, ...scores } = JSON.parse(stdout);
    return scores;
  };
  const here = await evaluate("local", "--model", model);
  const remote = ["--model", `${api}#full`, "--family", "fovea", "--key-env", "SERVED_KEY"];
  const there = await evaluate("served", ...remote);
  const [local, served] = [await answersOf("local"), await answersOf("served")];
  expect(served).toEqual(local);
  expect(local.length).toBeGreaterThanOrEqual(8);
  expect(new Set(local.map(({ text }) => text)).size).toBeGreaterThan(3);
  expect(there).toEqual(here);
  // Every question was asked once, and a second run asks nothing.
  const requests = () => log.match(/POST \/v1\/chat\/completions 200/g)?.length;
  expect(requests()).toBe(local.length);
  await evaluate("served", ...remote);
  expect(requests()).toBe(local.length);
});

it("tells of a wrong key and of another model in one line", patience, async () => {
  const wrong = (name: string, ...more: string[]) =>
    fovea("eval", data, "--model", `${api}#${name}`, "--out", join(folder, `wrong-${name}`), ...more).then(
      () => "",
      ({ stderr }) => stderr.trim(),
    );
  expect(await wrong("full")).toBe(
    `fovea: eval: ${api}#full: 401 You must send an API key as Authorization: Bearer KEY; the key is missing or wrong`,
  );
  expect(await wrong("other", "--key-env", "SERVED_KEY")).toBe(
    `fovea: eval: ${api}#other: 404 The model "other" does not exist; this server has "full"; no such model or address`,
  );
});
