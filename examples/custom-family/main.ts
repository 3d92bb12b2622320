/** Opens a model of the family, trains it a little on one picture, and tells where its image tokens say a word. */
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import {
  ask,
  conceptMap,
  type ExampleInput,
  logitLens,
  nextToken,
  openTrainer,
  openVlm,
  readImage,
  type Vlm,
} from "fovea";
import { family } from "./pooled-llava.ts";

// The weights of a LLaVA, in a folder that names the family.
const start = "node_modules/fovea-twins/checkpoints/full";
await rm("out", { recursive: true, force: true });
await cp(start, "out/start", { recursive: true, dereference: true });
const config = JSON.parse(await readFile(`${start}/config.json`, "utf8"));
await writeFile("out/start/config.json", JSON.stringify({ ...config, model_type: family.modelType }));

const picture = await readImage("scene.png");
const question = "where is the flamingo ?";

async function tell(model: Vlm): Promise<void> {
  const { geometry, peak } = await conceptMap(model, picture, "flamingo");
  const { rows, columns } = geometry.grid;
  const said = `${peak.value.toFixed(2)} at row ${peak.row}, column ${peak.column} of ${rows} x ${columns}`;
  console.log(`flamingo ${said}; ${question} ${(await ask(model, picture, question)).text}`);
}

const model = await openVlm("out/start", { families: [family] });
await tell(model);

// The flamingo stands in the box from (48, 24) to (64, 48), in pixels.
const examples: ExampleInput[] = [
  {
    image: picture,
    questions: [{ question, answer: "d3" }],
    concepts: [{ word: "flamingo", regions: [{ kind: "box", box: [48, 24, 64, 48] }] }],
  },
];
const trainer = await openTrainer({ model, losses: [nextToken, logitLens], learningRate: 1e-3 });
for (let step = 0; step < 12; step++) await trainer.step(examples);
await trainer.save("out/trained");
await trainer.close();

await tell(await openVlm("out/trained", { families: [family] }));
