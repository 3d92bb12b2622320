/** Child process of the generation benchmark: times answers of one form of weights and prints one line of JSON. */
import { float32 } from "../../src/engine/host.ts";
import type { WeightForm } from "../../src/hub/weights/weights.ts";
import type { PromptRow } from "../../src/models/contract/generation.ts";
import { resident } from "../resident.ts";
import { benchModel, imageTokens, promptIds } from "./model.ts";

const side = 112;

function promptOf(n: number): PromptRow {
  const pixelValues = float32([1, 3, side, side]);
  for (let i = 0; i < pixelValues.data.length; i++) pixelValues.data[i] = ((i * 31 + n) % 97) / 48.5 - 1;
  return {
    ids: promptIds(n),
    layout: { images: [{ shape: { rows: 7, columns: 7 }, spans: [{ start: 1, length: imageTokens }] }] },
    images: [{ pixelValues }],
  };
}

async function main(form: WeightForm, newTokens: number, answers: number, rows: number, threads: number) {
  const { folder, family } = await benchModel();
  const machine = { threads };
  const params = await family.open(folder, form, machine);
  const generator = family.createGenerator({ maxNewTokens: newTokens, eosTokenIds: [], machine });
  const timed = async (n: number, maxNewTokens: number) => {
    const prompts = Array.from({ length: rows }, (_, r) => promptOf(n * rows + r));
    const start = performance.now();
    const results = await generator.generate(params, prompts, { maxNewTokens });
    return { ms: performance.now() - start, tokens: results[0].tokens };
  };
  const opened = performance.now();
  const { tokens } = await timed(0, newTokens);
  const firstAnswer = performance.now() - opened;
  const [first, whole]: [number[], number[]] = [[], []];
  for (let n = 1; n <= answers; n++) {
    first.push((await timed(n, 1)).ms);
    whole.push((await timed(n, newTokens)).ms);
  }
  console.log(JSON.stringify({ first, whole, firstAnswer, peakBytes: resident().peak, tokens }));
}

const [form, ...numbers] = process.argv.slice(2);
const [newTokens, answers, rows, threads] = numbers.map(Number);
await main(form as WeightForm, newTokens, answers, rows, threads);
