import { basename, join } from "node:path";
import { defineCommand } from "citty";
import { writeFileWhole } from "../../common/files.ts";
import type { RgbImage } from "../../common/image.ts";
import { entropy } from "../../eval/map-metrics.ts";
import { modelFolder } from "../../hub/cache.ts";
import { readImage } from "../../hub/image-file.ts";
import { type LensResult, lensMaps, lensSpaces, tokenRules } from "../../lens/logit-lens.ts";
import { drawMaps, layerName, lensScale } from "../../lens/pictures.ts";
import { openVlm, programCache } from "../../vlm/open.ts";
import { needed, numberIn, oneOf, repeated, report } from "../arguments.ts";
import { strictArgs } from "../strict.ts";
import { weightsArg, weightsOf } from "../weights.ts";

const lensArgs = {
  image: { type: "positional", required: false, description: "picture file" },
  concept: { type: "string", description: "concept word; several: repeat, or separate by commas" },
  model: { type: "string", description: "Hugging Face folder of the model, or OWNER/NAME that was pulled" },
  space: { type: "string", default: "probability", description: lensSpaces.join(" | ") },
  tokens: {
    type: "string",
    default: "mean",
    description: `words of several tokens: ${tokenRules.join(" | ")}`,
  },
  layer: { type: "string", description: "layer drawn large (0 = decoder input; default the last)" },
  norm: { type: "boolean", default: true, description: "apply the model's final norm first" },
  "top-k": { type: "string", default: "5", description: "likeliest words for each patch" },
  weights: weightsArg("mapped"),
  out: { type: "string", default: "out/lens", description: "folder for pictures and values" },
  json: { type: "boolean", default: false, description: "print one JSON object" },
} as const;

export const lens = defineCommand({
  meta: { name: "lens", description: "Show where a model's image tokens say a word, layer by layer." },
  args: lensArgs,
  async run({ args, rawArgs }) {
    strictArgs("lens", rawArgs, lensArgs, ["concept"]);
    const path = needed(
      "lens",
      "image",
      args.image,
      "for example: fovea lens cat.png --concept cat --model DIR",
    );
    const words = repeated(rawArgs, "concept");
    needed("lens", "--concept", words[0]);
    const space = oneOf("lens", "--space", args.space, lensSpaces);
    const tokens = oneOf("lens", "--tokens", args.tokens, tokenRules);
    const topK = numberIn("lens", "--top-k", args["top-k"], { least: 0 });
    const folder = await modelFolder(needed("lens", "--model", args.model));
    const model = await openVlm(folder, programCache(), weightsOf("lens", args.weights));
    const layer = numberIn("lens", "--layer", args.layer, { least: 0, most: model.facts.layers });
    const image = await readImage(path);
    const result = await lensMaps(model, image, words, { space, tokens, norm: args.norm, topK });
    const files = await writeAll(result, { image, path, model: model.name, out: args.out, layer });
    report(
      args.json,
      { model: model.name, image: path, ...summaryOf(result), files },
      linesOf(result, files),
    );
  },
});

interface Job {
  readonly image: RgbImage;
  readonly path: string;
  readonly model: string;
  readonly out: string;
  readonly layer?: number;
}

interface Files {
  readonly figures: readonly string[];
  readonly maps: string;
  readonly words: string;
}

async function writeAll(result: LensResult, job: Job): Promise<Files> {
  const figures: string[] = [];
  for (const [k, { word }] of result.concepts.entries()) {
    const file = join(job.out, `${word.replaceAll(/[^\p{L}\p{N}]+/gu, "-")}.png`);
    await writeFileWhole(file, figureOf(result, k, job));
    figures.push(file);
  }
  const [maps, words] = [join(job.out, "maps.json"), join(job.out, "words.json")];
  await writeFileWhole(maps, JSON.stringify(mapsJson(result, job)));
  const { grid } = result.geometry;
  const layers = result.layers.map(({ layer, words: patches }) => ({ layer, patches }));
  await writeFileWhole(words, JSON.stringify({ model: job.model, image: job.path, grid, layers }));
  return { figures, maps, words };
}

function figureOf(result: LensResult, k: number, { image, model, layer }: Job): Buffer {
  const scale = lensScale(
    result.space,
    result.layers.map(({ maps }) => maps[k]),
  );
  const maps = result.layers.map(({ layer: l, maps: all }) => ({
    label: layerName(l),
    values: scale.drawn(all[k]),
  }));
  const { rows, columns } = result.geometry.grid;
  const norm = result.norm ? "final norm applied" : "without the final norm";
  return drawMaps({
    title: `${result.concepts[k].word} · ${result.space} by the logit lens`,
    subtitle: `${model} · ${norm} · ${rows} x ${columns} image tokens`,
    image,
    geometry: result.geometry,
    maps,
    chosen: layer ?? maps.length - 1,
    scale,
  });
}

function mapsJson(result: LensResult, { model, path }: Job): object {
  const { space, tokens, norm, geometry, concepts, layers } = result;
  const all = concepts.map(({ word, ids }, k) => ({
    word,
    ids,
    layers: layers.map(({ layer, maps }) => ({ layer, values: Array.from(maps[k]) })),
  }));
  return { model, image: path, space, tokens, norm, geometry, concepts: all };
}

/** By concept and layer: the highest and lowest value, where the highest is, and how spread the map is. */
function summaryOf({ space, norm, concepts, layers, geometry }: LensResult) {
  const { columns } = geometry.grid;
  const better = space === "rank" ? Math.min : Math.max;
  return {
    space,
    norm,
    grid: geometry.grid,
    concepts: concepts.map(({ word }, k) => ({
      word,
      layers: layers.map(({ layer, maps }) => {
        const peak = maps[k].indexOf(better(...maps[k]));
        return {
          layer,
          peak: maps[k][peak],
          row: Math.floor(peak / columns),
          column: peak % columns,
          ...(space === "probability" && { spread: Math.exp(entropy(maps[k])) }),
        };
      }),
    })),
  };
}

function linesOf(result: LensResult, files: Files): string[] {
  const concepts = summaryOf(result).concepts.map(({ word, layers }) => {
    const { peak, row, column } = layers[layers.length - 1];
    const value = Number(peak.toPrecision(3));
    return `${word}: best ${result.space} ${value} at patch row ${row}, column ${column} (last layer)`;
  });
  const folder = files.maps.slice(0, -basename(files.maps).length - 1);
  return [...concepts, `pictures and values in ${folder}`];
}
