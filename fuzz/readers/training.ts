import { readdir, readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { readTemplates } from "../../src/answers/prompts/chosen.ts";
import { lockFolder } from "../../src/common/lock.ts";
import { loadConfig, presetNames } from "../../src/train/config/config.ts";
import { curvesSvg } from "../../src/train/report/curves.ts";
import { openMetrics, readMetrics } from "../../src/train/report/metrics.ts";
import { readMoments } from "../../src/train/run/checkpoints.ts";
import { findProgress } from "../../src/train/run/run-folder.ts";
import type { Reader } from "../reader.ts";
import { json, lines, seedOf, text, textOf } from "./files.ts";

const presets = new URL("../../src/train/config/presets/", import.meta.url);

const step = (number: number) => ({
  kind: "step",
  step: number,
  loss: 3.5,
  parts: { "next-token": 2, "kl-attention": 1.5 },
  gradientNorm: 1.25,
  learningRate: 0.001,
  tokensPerSecond: 1000,
  secondsPerStep: 0.5,
  dataShare: 0.1,
});
const evaluation = { kind: "eval", step: 2, loss: 3, parts: { "next-token": 2 } };

const progress = (config: unknown) => ({
  version: 2,
  step: 2,
  config,
  best: { step: 2, loss: 3 },
  seconds: 12.5,
  commands: ["fovea train --preset ntp --out run"],
});

const leaf = { dtype: "float32", shape: [2, 3], data: new Float32Array(6) } as const;

export const trainingReaders: Record<string, Reader> = {
  "train-config": {
    lines: true,
    seeds: async () => {
      const names = await presetNames();
      const files = await Promise.all(names.map((name) => readFile(new URL(`${name}.yaml`, presets))));
      const full = await loadConfig({ preset: "full" });
      return [
        ...files.map((content) => seedOf({ "config.yaml": content })),
        seedOf({ "config.yaml": text("extends: full\ntrain:\n  steps: 3\n") }),
        seedOf({ "config.json": json(full) }),
      ];
    },
    read: async ({ folder }) => {
      const path = join(folder, "config.json");
      const isJson = (await readdir(folder)).includes("config.json");
      await loadConfig({ file: isJson ? path : join(folder, "config.yaml") });
    },
  },
  "train-override": {
    lines: true,
    seeds: async () =>
      ["train.learningRate=1e-3", "train.steps=4", "model.decoder={width: 64}"].map((line) => ({
        files: { "set.txt": text(line) },
      })),
    read: async ({ folder }) => loadConfig({ preset: "full" }, [await textOf(join(folder, "set.txt"))]),
  },
  "train-metrics": {
    seeds: async () => [{ files: { "metrics.jsonl": lines([step(1), step(2), evaluation, step(3)]) } }],
    async read({ folder }) {
      const path = join(folder, "metrics.jsonl");
      curvesSvg(await readMetrics(path));
      await openMetrics(path, 2);
    },
  },
  "train-progress": {
    seeds: async () => {
      const config = await loadConfig({ preset: "full" });
      const state = "checkpoints/step-000002/fovea-state.json";
      return [
        seedOf({ [state]: json(progress(config)) }),
        seedOf({ [state]: json({ ...progress(undefined), version: 1 }), "config.yaml": json(config) }),
      ];
    },
    lines: true,
    async read({ folder }) {
      const config = await loadConfig({ preset: "full" });
      await findProgress({ out: folder, resume: true, config });
    },
  },
  "train-moments": {
    seeds: async () => [{ files: { "fovea-state.safetensors": moments() } }],
    read: ({ folder }) => readMoments(folder, { "a.weight": leaf }),
  },
  prompts: {
    seeds: async () => [
      {
        files: {
          "prompts.yaml": await readFile(new URL("../../src/answers/prompts/default.yaml", import.meta.url)),
        },
      },
    ],
    read: ({ folder }) => readTemplates(join(folder, "prompts.yaml")),
  },
  lock: {
    seeds: async () => [{ files: { lock: json({ pid: 2 ** 22 + 1, host: hostname(), started: "1" }) } }],
    async read({ folder }) {
      const lock = await lockFolder(folder);
      await lock.release();
    },
  },
};

/** Both moments of one leaf. */
function moments(): Uint8Array {
  const names = ["first.a.weight", "second.a.weight"];
  const entries = names.map((name, i) => [
    name,
    { dtype: "F32", shape: [2, 3], data_offsets: [24 * i, 24 * i + 24] },
  ]);
  const header = text(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, new Uint8Array(48)]);
}
