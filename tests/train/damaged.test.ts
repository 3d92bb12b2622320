/** Files of a run that were damaged, or changed by hand: one line that names the file and what is wrong, no stack trace. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { float32 } from "../../src/engine/host.ts";
import { readMetrics } from "../../src/train/report/metrics.ts";
import {
  readLossParams,
  readMoments,
  readProgress,
  saveCheckpoint,
} from "../../src/train/run/checkpoints.ts";
import { run, tinyConfig } from "./support.ts";

let out = "";
const trained = { "a.weight": float32([2, 3], [1, 2, 3, 4, 5, 6]), "b.bias": float32([4]) };
const checkpoint = () => join(out, "checkpoints/step-000002");

beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), "fovea-damaged-"));
  const beside = { moments: { first: trained, second: trained }, lossParams: trained };
  const progress = {
    step: 2,
    config: {},
    best: { step: 2, loss: 1.5 },
    seconds: 3,
    commands: ["fovea train"],
  };
  await saveCheckpoint(out, beside, progress, async () => {});
});
afterAll(() => rm(out, { recursive: true, force: true }));

/** What reading says with a file changed: nothing, or the line of a UserError. */
async function told(path: string, content: Buffer | string, read: () => Promise<unknown>): Promise<string> {
  const before = await readFile(path);
  await writeFile(path, content);
  try {
    await read();
    return "";
  } catch (error) {
    expect([content.toString().slice(0, 200), (error as Error).name]).toEqual([
      expect.anything(),
      "UserError",
    ]);
    return (error as Error).message;
  } finally {
    await writeFile(path, before);
  }
}

const hostile = [0, -1, 0.5, 1e9, 1e308, null, true, "", "x", [], [[1]], {}, { step: "x" }, "[".repeat(1000)];

/** A tree with each of its values replaced, in turn, by each of the hostile ones. */
function damaged(json: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(json).flatMap((key) => [
    ...hostile.map((value) => JSON.stringify({ ...json, [key]: value })),
    JSON.stringify({ ...json, [key]: undefined }),
  ]);
}

const broken = ["", "{", "[]", "null", "5", '"x"', "\0\0\0", "[".repeat(100_000), '{"step":'.repeat(100_000)];

test("fovea-state.json: every value, and no JSON at all", async () => {
  const path = join(checkpoint(), "fovea-state.json");
  const json = JSON.parse(await readFile(path, "utf8"));
  for (const text of [...damaged(json), ...broken]) {
    const line = await told(path, text, () => readProgress(checkpoint()));
    expect(line).toMatch(/^.*$/);
    if (line !== "") expect(line).toContain(path);
  }
  expect(await told(path, JSON.stringify({ ...json, step: 3 }), () => readProgress(checkpoint()))).toBe(
    `${path}: step must be that of its folder step-000002, got 3`,
  );
});

test("fovea-state.safetensors: cut off, changed bytes, other shapes, missing and no numbers", async () => {
  const path = join(checkpoint(), "fovea-state.safetensors");
  const bytes = await readFile(path);
  const read = async () => [
    await readMoments(checkpoint(), trained),
    await readLossParams(checkpoint(), trained),
  ];
  for (let length = 0; length < bytes.length; length += 7)
    expect(await told(path, bytes.subarray(0, length), read)).toContain(path);
  for (let at = 0; at < bytes.length; at += 3) {
    const changed = Buffer.from(bytes);
    changed[at] ^= 0x55;
    expect(await told(path, changed, read)).toMatch(/^.*$/);
  }
  await expect(readMoments(checkpoint(), { "a.weight": float32([3, 2]) })).rejects.toThrow(
    /first\.a\.weight: expected F32 \[3, 2\], found F32 \[2, 3\]/,
  );
  await expect(readMoments(checkpoint(), { other: float32([1]) })).rejects.toThrow(
    /tensor first\.other: expected/,
  );
  const poisoned = Buffer.from(bytes);
  poisoned.writeFloatLE(Number.NaN, bytes.length - 4);
  expect(await told(path, poisoned, read)).toMatch(/expected finite numbers, found NaN at place \d+$/);
});

test("metrics.jsonl: every value of a line, and lines that are none", async () => {
  const path = join(out, "metrics.jsonl");
  const step = { step: 1, loss: 1, parts: { ntp: 1 }, gradientNorm: 1, learningRate: 1e-3 };
  const line = { kind: "step", ...step, tokensPerSecond: 1, secondsPerStep: 1, dataShare: 0 };
  await writeFile(path, `${JSON.stringify(line)}\n`);
  expect(await readMetrics(path)).toEqual([line]);
  for (const text of [...damaged(line), ...broken]) {
    const said = await told(path, `${JSON.stringify(line)}\n${text}\n`, () => readMetrics(path));
    expect(said).toMatch(/^.*$/);
    if (said !== "") expect(said).toContain(`${path} line 2`);
  }
  expect(await told(path, `${JSON.stringify(line)}\n{"kind":"st`, () => readMetrics(path))).toBe("");
  await rm(path);
});

test("a run goes on from none of them", async () => {
  const config = tinyConfig({ train: { steps: 2 } });
  const folder = await mkdtemp(join(tmpdir(), "fovea-damaged-run-"));
  try {
    await run(config, folder);
    const state = join(folder, "checkpoints/step-000002/fovea-state.json");
    const metrics = join(folder, "metrics.jsonl");
    const again = () => run(tinyConfig({ train: { steps: 3 } }), folder, { resume: true });
    expect(await told(state, "{", again)).toContain(`${state}: must be JSON`);
    expect(await told(metrics, "5\n", again)).toContain(`${metrics} line 1`);
    const json = JSON.parse(await readFile(state, "utf8"));
    const other = { ...json, config: { ...json.config, train: { ...json.config.train, steps: "x" } } };
    expect(await told(state, JSON.stringify(other), again)).toMatch(/train\.steps/);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
