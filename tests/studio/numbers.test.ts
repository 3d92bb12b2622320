/**
 * The page's numbers are Node's: every job, by the worker of the built site, on WebAssembly with isolation and without, and on
 * WebGPU. Answers are the same texts; logits, probabilities and shares differ by less than 1e-3.
 */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RgbImage } from "../../src/common/image.ts";
import { demoModels } from "../../src/eval/demo/config.ts";
import { readImage } from "../../src/hub/image/image-file.ts";
import type { Given, JobKind } from "../../src/studio/jobs/job.ts";
import { perform } from "../../src/studio/jobs/perform.ts";
import type { StudioShell } from "../../src/studio/page/shell.ts";
import { openVlm, type Vlm } from "../../src/vlm/open.ts";
import { openStudioPage, type StudioPage, type StudioPageOptions } from "./harness.ts";

const root = join(import.meta.dirname, "../..");
const picture = await readImage(join(root, "examples/browser-page/scenes/watermelon.png"));

type Asked = { readonly [K in JobKind]: readonly Omit<Given<K>, "picture">[] };

const question = "where is the watermelon ?";
const words = ["watermelon", "tree", "fox"];
const regions = [{ kind: "box", box: [8, 8, 40, 40] }] as const;

/** A job without a line here is a type error. */
const asked: Asked = {
  glance: [
    {
      words,
      questions: [question, "is there a fox ?", "what is at a1 ?"],
      top: 3,
      layers: "all",
      heads: true,
    },
  ],
  lens: [
    { words, options: { topK: 3 } },
    { words, options: { space: "logit" } },
    { words, options: { space: "log-probability", norm: false } },
  ],
  attention: [{ question, prompt: true, topK: 2, regions: [...regions] }],
  words: [{ patches: [9, 27], words: ["watermelon", "tree"], options: { topK: 4 } }],
  knockOut: [{ question, knockOut: { patches: [9, 10, 17, 18], from: "all" }, options: { words } }],
  relevance: [{ question }],
  locality: [{ truth: [{ word: "watermelon", regions: [...regions] }] }],
  ask: [{ question }],
};

const jobs = Object.entries(asked).flatMap(([kind, list]) =>
  list.map((given, i) => ({
    kind: kind as JobKind,
    given: given as Given<JobKind>,
    name: `${kind} ${i + 1}`,
  })),
);

/** What a page and Node are compared by: arrays of numbers as arrays. */
function plain(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return [...(value as Float32Array)];
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

/** Paths of what differs: texts and truths must be the same, ranks within one place, other numbers within 1e-3. */
function differences(got: unknown, want: unknown, path = ""): string[] {
  if (typeof got === "number" && typeof want === "number") {
    const tolerance = /\.rank|\.ranks\b/.test(path) ? 1 : 1e-3 * Math.max(1, Math.abs(want) / 10);
    return Math.abs(got - want) <= tolerance ? [] : [`${path}: ${got} instead of ${want}`];
  }
  if (typeof got !== "object" || typeof want !== "object" || got === null || want === null)
    return got === want ? [] : [`${path}: ${got} instead of ${want}`];
  const keys = new Set([...Object.keys(got), ...Object.keys(want)]);
  return [...keys].flatMap((key) => {
    const [a, b] = [got, want].map((x) => (x as Record<string, unknown>)[key]);
    return differences(a, b, `${path}.${key}`);
  });
}

/** Runs one job in the page, by the model of the slot with this number. */
async function inPage({ page }: StudioPage, slot: number, kind: JobKind, given: Given<JobKind>) {
  const { width, height, data } = picture;
  const result = await page.evaluate(
    async ([at, name, options, [w, h, pixels]]) => {
      const { studio } = document.querySelector("studio-shell") as StudioShell;
      while (studio?.slots[at]?.model === undefined) {
        if (studio?.slots[at]?.failed !== undefined) throw new Error(studio.slots[at].failed);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      const image: RgbImage = { width: w, height: h, data: new Uint8Array(pixels) };
      const result = await studio.slots[at].model.run(name, { ...options, picture: image } as typeof options);
      const list = (_: string, value: unknown) =>
        ArrayBuffer.isView(value) ? [...(value as Float32Array)] : value;
      return JSON.stringify(result, list);
    },
    [slot, kind, given, [width, height, [...data]]] as const,
  );
  return JSON.parse(result);
}

const places: readonly (readonly [string, number, StudioPageOptions])[] = [
  ["wasm, isolated", 0, { static: true }],
  ["wasm with two threads", 1, { static: true, path: "?threads=2" }],
  ["wasm, not isolated", 1, { static: true, isolated: false }],
  ["webgpu", 1, { static: true, path: "?device=webgpu" }],
];

describe.each(places)("on %s", (name, slot, options) => {
  let studio: StudioPage;
  let model: Vlm;
  beforeAll(async () => {
    studio = await openStudioPage(options);
    model = await openVlm(join(root, demoModels[slot].folder));
  }, 120_000);
  afterAll(async () => {
    await studio.close();
    await model.programs.dispose();
  });

  test("it runs there", async () => {
    const facts = await studio.page.evaluate(async (at) => {
      const { studio } = document.querySelector("studio-shell") as StudioShell;
      while (studio?.slots[at]?.model === undefined) await new Promise((resolve) => setTimeout(resolve, 50));
      return [studio.slots[at].model.card.runsOn, studio.machine.isolated] as const;
    }, slot);
    const device = name === "webgpu" ? "page, webgpu" : "page, wasm";
    const threads = name.includes("two threads") ? ", 2 threads" : "";
    expect(facts).toEqual([device + threads, !name.includes("not isolated")]);
  }, 120_000);

  test.each(jobs)(
    "$name: the numbers and answers of Node",
    async ({ kind, given }) => {
      const got = await inPage(studio, slot, kind, given);
      const want = await perform(model, kind, { ...given, picture } as Given<JobKind>, {
        signal: new AbortController().signal,
      });
      // What JSON leaves out is left out on both sides.
      expect(differences(got, JSON.parse(JSON.stringify(plain(want))))).toEqual([]);
    },
    300_000,
  );

  test("throws nothing", () => {
    expect(studio.errors.filter((text) => !text.includes("404"))).toEqual([]);
  });
});
