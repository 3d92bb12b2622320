import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { distanceOf } from "../../bench/device/families.ts";
import { deviceSeconds, partsOf, secondsFor } from "../../bench/device/plan.ts";
import { peersOn } from "../../bench/device/torch.ts";
import { environment } from "./adapter.ts";

const script = join(import.meta.dirname, "../../scripts/device-check");
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-device-check-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Report {
  readonly machine: { readonly cores: number };
  readonly devices: readonly { readonly name: string; readonly works: boolean }[];
  readonly results: Readonly<
    Record<string, Readonly<Record<string, { readonly state: string; readonly result: object }>>>
  >;
}

/** Hours, so that no part is ended on a busy machine. */
async function checked(...args: readonly string[]): Promise<Report> {
  const out = join(folder, "check.json");
  const env = { ...environment, FOVEA_BENCH: folder, FOVEA_PYTHON: undefined };
  await promisify(execFile)(script, ["--small", "--minutes", "600", "--out", out, ...args], { env });
  return JSON.parse(await readFile(out, "utf8")) as Report;
}

describe("scripts/device-check", () => {
  it("runs its parts on the processor and writes what they gave", async () => {
    const { machine, devices, results } = await checked(
      "--device",
      "cpu",
      "--parts",
      "training,step,lens,generation",
    );
    expect(machine.cores).toBeGreaterThan(0);
    expect(devices.map(({ name }) => name)).toContain("webgpu");
    const outcomes = Object.values(results.cpu);
    expect(outcomes.map(({ state }) => state)).toEqual(["done", "done", "done", "done"]);
    expect(results.cpu["a short training"].result).toMatchObject({ largestDifference: 0, falls: true });
  }, 900_000);

  it("runs on a WebGPU adapter, whose lens is the processor's", async () => {
    const { results } = await checked("--device", "webgpu,cpu", "--parts", "lens");
    const [there, here] = [results.webgpu, results.cpu].map(
      (of) => (of["lens, tiny"].result as { readonly value: number }).value,
    );
    expect(Math.abs(there - here)).toBeLessThan(1e-4);
  }, 900_000);
});

describe("its plan", () => {
  it("gives all of the time, and what a part leaves to those that come", () => {
    for (const parts of [partsOf(false), partsOf(true)])
      expect(parts.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
    const parts = partsOf(true, ["lens", "generation"]);
    expect(secondsFor(parts, 0, 100)).toBeCloseTo(50);
    expect(secondsFor(parts, 1, 90)).toBeCloseTo(90);
    expect([0, 1].map((i) => deviceSeconds(2, i, 600))).toEqual([300, 600]);
  });

  it("holds a device against PyTorch on the same hardware", () => {
    const torch = { version: "2.13.0", cuda: true, mps: false };
    expect(peersOn("webgpu", torch)).toEqual({ peers: ["eager", "compile"], torchDevice: "cuda" });
    expect(peersOn("cpu", torch).torchDevice).toBe("cpu");
    expect(peersOn("webgpu", { ...torch, cuda: false }).peers).toEqual([]);
    expect(peersOn("coreml", { ...torch, cuda: false, mps: true })).toEqual({
      peers: ["eager"],
      torchDevice: "mps",
    });
    expect(peersOn("cpu", undefined).peers).toEqual([]);
  });

  it("measures distance by the largest value, and calls what is no number far", () => {
    expect(distanceOf([1, -2], [1, -2.2])).toBeCloseTo(0.1);
    expect(distanceOf([1], [Number.NaN])).toBe(Number.POSITIVE_INFINITY);
    expect(distanceOf([1], [])).toBe(Number.POSITIVE_INFINITY);
  });
});
