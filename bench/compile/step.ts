/** Child process of the compile benchmark: compiles one training step from shapes alone and prints one line of JSON. */
import { compile } from "../../src/engine/compile.ts";
import type { ArraySpec } from "../../src/engine/host.ts";
import type { PartSpec } from "../../src/models/contract/roles.ts";
import { llava } from "../../src/models/llava/family.ts";
import { tinyLlava } from "../../src/models/llava/tiny.ts";
import { scalarSpecs } from "../../src/train/step/evaluator.ts";
import { makeObjective } from "../../src/train/step/objective.ts";
import { makeGradients } from "../../src/train/step/step.ts";
import { benchBatch, benchLayout, benchLosses } from "../llava.ts";

const [layers, recompute, cacheFolder] = process.argv.slice(2);
const losses = ["ntp", "lll", "klal"];
const row = { vocabulary: 49152, side: 8, text: 54, answers: 16, concepts: 4 };
const family = llava.bind(
  tinyLlava({
    vocabSize: row.vocabulary,
    imageTokenId: row.vocabulary - 1,
    vision: { imageSize: 8 * 14, patchSize: 14, width: 192, layers: 3, heads: 3 },
    decoder: {
      width: 576,
      layers: Number(layers),
      heads: 9,
      keyValueHeads: 3,
      mlpRatio: 1536 / 576,
      maxPositions: 2048,
    },
  }),
);
const named = Object.entries(family.toNamed<PartSpec>(family.specs));
const params = Object.fromEntries(
  named.map(([name, { shape }]): [string, ArraySpec] => [name, { dtype: "float32", shape }]),
);
const step = makeGradients(makeObjective(family, benchLayout(row), benchLosses(losses)));
const scalars = { weights: scalarSpecs(losses), ...scalarSpecs(["share", "first"]) };
const program = await compile(step, [{}, params, {}, benchBatch(row), scalars], {
  machine: { threads: 1, cacheFolder },
  ...(recompute === "true" && { recompute: ["1.loss", "1.parts"] }),
});
await program.dispose();
const all = performance.now(); // Since this process began.
console.log(JSON.stringify({ ...program.times, all }));
