/**
 * What is left of the patches' own content with depth, of some models on the same scenes.
 *
 *     node bench/lens/locality.ts [FOLDER ...]
 */
import { scenesFor } from "../../src/eval/scenes.ts";
import { type LocalityLayer, localityByLayer } from "../../src/lens/locality.ts";
import { openVlm } from "../../src/vlm/open.ts";

const count = 20;
const seed = 5;
const folders = process.argv.slice(2);
const all = ["full", "ntp-lll", "ntp-klal", "ntp"].map((name) => `checkpoints/${name}`);

console.log("| model | information, bits | identity |\n| --- | --- | --- |");
for (const folder of folders.length > 0 ? folders : all) {
  const model = await openVlm(folder);
  const found: LocalityLayer[][] = [];
  for (const { image } of await scenesFor(model, { count, seed }))
    found.push(await localityByLayer(model, image));
  const means = (of: (layer: LocalityLayer) => number) =>
    found[0]
      .map((_, l) => (found.reduce((sum, layers) => sum + of(layers[l]), 0) / count).toFixed(2))
      .join(", ");
  const cells = [model.name, means(({ information }) => information), means(({ identity }) => identity)];
  console.log(`| ${cells.join(" | ")} |`);
}
