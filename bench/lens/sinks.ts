/**
 * How many patches a rule calls sinks, and how many of those are evidence: by the tokens of question and answer, as `sinkPatches`
 * is used, and by the answer's tokens alone. At the factor of `sinkPatches` and at smaller ones.
 *
 *     node bench/lens/sinks.ts [FOLDER ...]
 */
import { scenesFor } from "../../src/eval/scenes.ts";
import { unionCoverage } from "../../src/grounding/coverage.ts";
import { attentionMaps } from "../../src/lens/attention.ts";
import { type HeadMaps, sinkFactor, sinkPatches } from "../../src/lens/sinks.ts";
import { openVlm } from "../../src/vlm/open.ts";

const count = 25;
const seed = 5;
const factors = [2, 3, sinkFactor];
const folders = process.argv.slice(2);
const all = ["full", "ntp-lll", "ntp-klal", "ntp", "line-tracing"].map((name) => `checkpoints/${name}`);

console.log(`| model | tokens | ${factors.map((k) => `sinks at ${k} / N, on evidence`).join(" | ")} |`);
console.log("| --- | --- | --- | --- | --- |");
for (const folder of folders.length > 0 ? folders : all) {
  const model = await openVlm(folder);
  const found = { "question and answer": factors.map(() => [0, 0]), answer: factors.map(() => [0, 0]) };
  for (const { image, questions } of await scenesFor(model, { count, seed }))
    for (const { question, regions } of questions.filter((one) => one.regions.length > 0).slice(0, 2)) {
      const { tokens, prompt = [], geometry } = await attentionMaps(model, image, question, { prompt: true });
      const evidence = unionCoverage(regions, geometry);
      const looking: Record<keyof typeof found, readonly HeadMaps[]> = {
        "question and answer": [...prompt, ...tokens],
        answer: tokens,
      };
      for (const [name, looks] of Object.entries(looking))
        for (const [k, factor] of factors.entries()) {
          const sinks = sinkPatches(looks, factor);
          const counts = found[name as keyof typeof found][k];
          counts[0] += sinks.length;
          counts[1] += sinks.filter((n) => evidence[n] > 0).length;
        }
    }
  for (const [name, counts] of Object.entries(found))
    console.log(`| ${model.name} | ${name} | ${counts.map(([n, on]) => `${n}, ${on}`).join(" | ")} |`);
}
