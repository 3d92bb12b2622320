/**
 * node experiments/tower/run.ts [--model FOLDER] [--out FILE] [--train 2000] [--test 1000]
 *
 * What a tower trained by contrast knows. Without --model it is trained first (preset `tower`, resumed where it was, into
 * out/tower). Printed and written as JSON: retrieval among held-out scenes, of captions by pictures and of pictures by
 * captions; what a linear probe of its frozen patches reads (which words show; what is in a cell); the same of the same
 * architecture with random values, and on drawings of a hand that no scene of training had.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { writeFileWhole } from "../../src/common/files.ts";
import type { CutOutSet } from "../../src/data/assets/cutout.ts";
import { loadCutOuts } from "../../src/data/assets/load.ts";
import { averagePrecision } from "../../src/eval/map-metrics.ts";
import { mean } from "../../src/eval/statistics.ts";
import { loadConfig, type TrainConfig } from "../../src/train/config/config.ts";
import { currentCommit } from "../../src/train/report/card.ts";
import { openVlm, type Vlm } from "../../src/vlm/open.ts";
import { meanOf, patchesOf, type SeenScene, seenScenes } from "./features.ts";
import { largest, trainProbe } from "./logistic.ts";
import { type Recall, recall } from "./retrieval.ts";

const { values } = parseArgs({
  options: {
    model: { type: "string" },
    out: { type: "string", default: "experiments/tower/results/tower.json" },
    train: { type: "string", default: "2000" },
    test: { type: "string", default: "1000" },
  },
});

/** What one model came to on one set of held-out scenes. */
interface Scores {
  readonly textFound: Recall;
  readonly pictureFound: Recall;
  /** Mean over words of the average precision; by chance it is the share of scenes that show the word. */
  readonly words: { readonly averagePrecision: number; readonly chance: number };
  /** Share of cells named rightly. */
  readonly cells: { readonly accuracy: number; readonly chance: number; readonly count: number };
}

const folder = values.model ?? trained("out/tower");
const config = await loadConfig({ file: `${folder}/training.yaml` }).catch(() =>
  loadConfig({ preset: "tower" }),
);
const tower = await openVlm(folder);
const random = { ...tower, params: tower.family.initParams("no tower", { scheme: "fan-in" }) } as Vlm;
const [training, held, otherHand] = await Promise.all([
  drawings(config, "train"),
  drawings(config, "test"),
  loadCutOuts({ sources: ["openmoji"], names: config.data.names ?? undefined }),
]);
const sets = { "held-out drawings": held, openmoji: otherHand };
const scores: Record<string, Record<string, Scores>> = {};
for (const [name, model] of Object.entries({ tower, "random values": random }))
  scores[name] = await scoresOf(model);
const report = {
  model: folder,
  commit: await currentCommit(),
  steps: config.train.steps,
  batch: config.train.batchSize,
  drawings: config.data.cutouts,
  scenes: { probe: Number(values.train), test: Number(values.test) },
  scores,
};
await writeFileWhole(values.out, `${JSON.stringify(report, null, 1)}\n`);
console.log(lines(scores).join("\n"));

/** The folder of the model; trains it where it is not there. */
function trained(out: string): string {
  if (!existsSync(`${out}/model/model.safetensors`)) {
    const how = existsSync(`${out}/checkpoints`) ? ["--resume"] : ["--preset", "tower"];
    const { status } = spawnSync("node", ["src/cli/main.ts", "train", "--out", out, ...how], {
      stdio: "inherit",
    });
    if (status !== 0) process.exit(status ?? 1);
  }
  return `${out}/model`;
}

function drawings({ data }: TrainConfig, split: "train" | "test"): Promise<CutOutSet> {
  return loadCutOuts({ sources: data.cutouts, split, ...(data.names !== null && { names: data.names }) });
}

/** Probes are trained once, on scenes of the drawings of training that training did not have. */
async function scoresOf(model: Vlm): Promise<Record<string, Scores>> {
  const fitted = await seenScenes(model, {
    cutOuts: training,
    split: "validation",
    seed: 501,
    count: Number(values.train),
  });
  const { names } = training;
  const width = fitted[0].patches[0].length;
  const whole = { width, rows: fitted.map(({ patches }) => meanOf(patches)) };
  const cellsOf = (scenes: readonly SeenScene[]) =>
    scenes.flatMap((scene) =>
      scene.cells.map(({ cell, word }) => ({ row: meanOf(patchesOf(scene, cell)), word })),
    );
  const cells = cellsOf(fitted);
  const indices = (words: readonly string[]) => words.map((word) => names.indexOf(word));
  const wordProbe = trainProbe(
    whole,
    fitted.map(({ words }) => indices(words)),
    { kind: "any", classes: names.length },
  );
  const cellProbe = trainProbe(
    { width, rows: cells.map(({ row }) => row) },
    cells.map(({ word }) => indices([word])),
    {
      kind: "one",
      classes: names.length,
    },
  );
  const result: Record<string, Scores> = {};
  for (const [name, cutOuts] of Object.entries(sets)) {
    const scenes = await seenScenes(model, { cutOuts, split: "test", seed: 502, count: Number(values.test) });
    const given = scenes.map(({ patches }) => wordProbe.score(meanOf(patches)));
    const shown = names.map((word) => scenes.map(({ words }) => (words.includes(word) ? 1 : 0)));
    const asked = cellsOf(scenes);
    result[name] = {
      textFound: recall(
        scenes.map(({ picture }) => picture),
        scenes.map(({ text }) => text),
      ),
      pictureFound: recall(
        scenes.map(({ text }) => text),
        scenes.map(({ picture }) => picture),
      ),
      words: {
        averagePrecision: mean(
          names.map((_, c) =>
            averagePrecision(
              given.map((row) => row[c]),
              shown[c],
            ),
          ),
        ),
        chance: mean(shown.map(mean)),
      },
      cells: {
        accuracy: mean(asked.map(({ row, word }) => (names[largest(cellProbe.score(row))] === word ? 1 : 0))),
        chance: 1 / names.length,
        count: asked.length,
      },
    };
  }
  return result;
}

function lines(all: Record<string, Record<string, Scores>>): string[] {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const found = ({ at1, at5, chance1 }: Recall) =>
    `${percent(at1)} / ${percent(at5)} (chance ${percent(chance1)})`;
  return Object.entries(all).flatMap(([model, bySet]) =>
    Object.entries(bySet).flatMap(([set, { textFound, pictureFound, words, cells }]) => [
      `${model}, ${set}:`,
      `  caption by picture, recall at 1 / 5: ${found(textFound)}; picture by caption: ${found(pictureFound)}`,
      `  words that show, average precision: ${percent(words.averagePrecision)} (chance ${percent(words.chance)})`,
      `  what is in a cell: ${percent(cells.accuracy)} of ${cells.count} (chance ${percent(cells.chance)})`,
    ]),
  );
}
