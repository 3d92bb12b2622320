/**
 * How far `--weights int8` and `int4` move the logits after a prompt about a picture: root mean square of the difference
 * over that of the logits, of each checkpoint folder, over eight pictures of noise.
 *
 *     node bench/rounding.ts FOLDER ...
 */
import { random } from "../src/common/random.ts";
import { type HostArray, int32 } from "../src/engine/host.ts";
import type { WeightForm } from "../src/hub/weights/weights.ts";
import { logitsAt } from "../src/lens/traced.ts";
import { openVlm, runOn } from "../src/vlm/open.ts";
import { packRows } from "../src/vlm/pack.ts";
import { promptOf } from "../src/vlm/prompt.ts";

const pictures = 8;
const side = 96;

function noise(seed: number) {
  const source = random(`rounding ${seed}`);
  const data = Uint8Array.from({ length: side * side * 3 }, () => source.integer(256));
  return { width: side, height: side, data };
}

/** The logits after each prompt, one after the other. */
async function logitsOf(folder: string, form: WeightForm): Promise<number[]> {
  const model = await openVlm(folder, { weights: form });
  const all: number[] = [];
  for (let seed = 0; seed < pictures; seed++) {
    const { prefix, question, layout, image } = promptOf(model, noise(seed), "Where is the cat?");
    const asked = { prefix, layout, image, questions: [question] };
    const { inputs, layout: room, answers } = packRows(model, [asked], { answerTokens: 1 });
    const args = [inputs, int32([1, 1], [answers[0][0][0]])];
    const { data } = await runOn<HostArray>(model, "rounding", logitsAt(model, room), args);
    all.push(...(data as Float32Array));
  }
  await model.programs.dispose();
  return all;
}

for (const folder of process.argv.slice(2)) {
  const exact = await logitsOf(folder, "memory");
  const shares = [];
  for (const form of ["int8", "int4"] as const) {
    const rounded = await logitsOf(folder, form);
    const square = (values: readonly number[]) => values.reduce((sum, x) => sum + x * x, 0);
    const change = Math.sqrt(square(rounded.map((x, i) => x - exact[i])) / square(exact));
    shares.push(`${form} ${(100 * change).toFixed(1)} %`);
  }
  console.log(`${folder}: ${shares.join(", ")}`);
}
