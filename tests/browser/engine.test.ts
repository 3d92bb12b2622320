import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { float32, type HostArray } from "../../src/engine/host.ts";
import { engineOf, worstDifference } from "../engine/compared.ts";
import { expectClose } from "../engine/differential.ts";
import { train } from "../engine/training.ts";
import type { Outcome, PageScope } from "./engine-page.ts";
import { type OpenedPage, openPage } from "./harness.ts";
import { suites } from "./suites.ts";

let opened: OpenedPage;
beforeAll(async () => {
  opened = await openPage({ entry: join(import.meta.dirname, "engine-page.ts") });
});
afterAll(() => opened.close());

const inNode = new Map<string, Promise<HostArray[][]>>();

/** What the engine gives in Node, once for all devices of the page. */
function nodeResults(suite: string): Promise<HostArray[][]> {
  const known = inNode.get(suite) ?? resultsOf(suite);
  inNode.set(suite, known);
  return known;
}

async function resultsOf(suite: string): Promise<HostArray[][]> {
  const results: HostArray[][] = [];
  for (const one of suites[suite]()) results.push(await engineOf(one));
  return results;
}

/** Every case in the page: as jax-js there, and as the engine in Node. */
async function expectSameAsNode(suite: string, device: string): Promise<void> {
  const cases = suites[suite]();
  const outcomes: Outcome[] = await opened.page.evaluate(
    ([name, where]) => (globalThis as unknown as PageScope).runCases(name, where),
    [suite, device],
  );
  expect(outcomes.length).toBe(cases.length);
  const results = await nodeResults(suite);
  const wrong: string[] = [];
  for (const [i, { name, results: got, error, thrown }] of outcomes.entries()) {
    const tolerance = Math.max(cases[i].tolerance ?? 0, 1e-4);
    const errors = results[i].map((leaf, k) => differenceOf(got[k], leaf));
    const worst = Math.max(0, ...errors);
    if (thrown !== undefined || !(error <= tolerance) || !(worst <= (cases[i].weight ? tolerance : 1e-4)))
      wrong.push(`${i} ${name}: ${thrown ?? `${error} from jax-js, ${worst} from Node`}`);
  }
  expect(wrong).toEqual([]);
}

function differenceOf(got: Outcome["results"][number] | undefined, want: HostArray): number {
  if (got?.dtype !== want.dtype || `${got.shape}` !== `${want.shape}`) return Number.NaN;
  return worstDifference(got as unknown as HostArray, want).error;
}

const runs = ["wasm", "webgpu"].flatMap((device) =>
  Object.keys(suites).map((suite) => [device, suite] as const),
);

describe("the engine in a page", () => {
  it("is isolated, so that WebAssembly has threads", async () => {
    expect(await opened.page.evaluate(() => crossOriginIsolated)).toBe(true);
  });

  it.each(runs)(
    "on %s, %s: as in Node and as jax-js",
    (device, suite) => expectSameAsNode(suite, device),
    600_000,
  );

  it.each(["wasm", "webgpu"])("on %s, training: the losses and weights of Node", async (device) => {
    const want = await train(8);
    const got = await opened.page.evaluate(
      (where) =>
        (globalThis as unknown as PageScope).train(8, { device: where, threads: 2, assets: "/ort/" }),
      device,
    );
    expect(got.onDevice).toBe(device === "webgpu");
    expectClose(float32([8], got.losses), float32([8], want.losses), 1e-4);
    const shape = [want.weights.length];
    expectClose(float32(shape, got.weights), float32(shape, want.weights), 1e-4);
  });
});
