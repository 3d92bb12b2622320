/** The command `fovea lens`. */
import { dirname } from "node:path";
import { defineCommand } from "citty";
import type { RgbImage } from "../../common/image.ts";
import { encodePng } from "../../hub/image/image-file.ts";
import { appearsAt, lensSentence } from "../../lens/findings.ts";
import { lensSummary, mapsJson, wordsJson } from "../../lens/json.ts";
import { readLearnt } from "../../lens/learnt.ts";
import { localityByLayer } from "../../lens/locality.ts";
import { type LensResult, lensMaps, lensSpaces, tokenRules } from "../../lens/logit-lens.ts";
import { type PatchWordsOptions, patchWords } from "../../lens/patch-words.ts";
import {
  globalMapPicture,
  type LensSheetOptions,
  layersSheet,
  lensSheet,
  mapPicture,
} from "../../lens/sheets/lens-sheet.ts";
import { conceptText } from "../../vlm/concept.ts";
import type { Vlm } from "../../vlm/open.ts";
import { needed, numberIn, oneOf, repeated } from "../arguments.ts";
import { machineArgs } from "../device.ts";
import { knockOutArgs, knockOutOf, readPatches } from "../knock-out-args.ts";
import { localityLines, patchLines } from "../patch-lines.ts";
import { patience } from "../patience.ts";
import {
  coloursArg,
  coloursOf,
  distinctNames,
  forEachPicture,
  maxOf,
  mustBeReady,
  openNamedModel,
  type PictureOut,
  pictureArg,
  picturesOf,
  replaceArg,
  reportAll,
} from "../picture-commands.ts";
import { htmlArg, lensPicture, pageMustBeWritable, writeLensPage } from "../result-pages.ts";
import { strictArgs } from "../strict.ts";
import { weightsArg } from "../weights.ts";

const lensArgs = {
  image: pictureArg,
  concept: {
    type: "string",
    description: "concept word; give the option several times, or separate words with commas",
  },
  model: { type: "string", description: "model or adapter folder, or OWNER/NAME after fovea pull" },
  space: { type: "string", default: "probability", description: lensSpaces.join(" | ") },
  tokens: {
    type: "string",
    default: "mean",
    description: `how to read words of several tokens: ${tokenRules.join(" | ")}`,
  },
  layer: { type: "string", description: "layer to draw large; 0 is the decoder's input (default: the last)" },
  norm: { type: "boolean", default: true, description: "apply the model's final norm first" },
  max: { type: "string", description: "value of the strongest colour; default 1 for probabilities" },
  "all-layers": { type: "boolean", default: false, description: "one more sheet with every layer's map" },
  colours: coloursArg,
  patch: {
    type: "string",
    description: "patches whose words to tell layer by layer: ROW:COLUMN, as 3:5-8,4:5",
  },
  ...knockOutArgs,
  locality: {
    type: "boolean",
    default: false,
    description: "what is left of the patches' own content, layer by layer",
  },
  "top-k": { type: "string", default: "5", description: "likeliest words for each patch" },
  weights: weightsArg("mapped"),
  ...machineArgs,
  out: { type: "string", default: "out/lens", description: "folder for pictures and values" },
  replace: replaceArg,
  html: htmlArg,
  json: { type: "boolean", default: false, description: "print one JSON object" },
} as const;

export const lens = defineCommand({
  meta: { name: "lens", description: "Show where a model's image tokens say a word, layer by layer." },
  args: lensArgs,
  async run({ args, rawArgs }) {
    strictArgs("lens", rawArgs, lensArgs, ["concept", "image"]);
    const paths = picturesOf("lens", args._);
    const words = [...new Set(repeated(rawArgs, "concept").map(conceptText))];
    if ((args.patch === undefined && !args.locality) || args.html !== undefined)
      needed("lens", "--concept", words[0]);
    const knockOut = knockOutOf("lens", args, "all");
    const space = oneOf("lens", "--space", args.space, lensSpaces);
    const tokens = oneOf("lens", "--tokens", args.tokens, tokenRules);
    const topK = numberIn("lens", "--top-k", args["top-k"], { least: 0 }) as number;
    const [max, colours] = [maxOf("lens", args.max), coloursOf("lens", args.colours)];
    await mustBeReady("lens", paths, args);
    await pageMustBeWritable("lens", args.html);
    const waiting = patience("lens");
    try {
      const { folder, model } = await openNamedModel("lens", args, waiting);
      const { layers } = model.facts;
      const layer = numberIn("lens", "--layer", args.layer, { least: 0, most: layers }) ?? layers;
      const learnt = (await readLearnt(folder, { layer, tokens, norm: args.norm }))?.pixels;
      const options = { out: args.out, replace: args.replace, waiting };
      const shown: Awaited<ReturnType<typeof lensPicture>>[] = [];
      const found = await forEachPicture(paths, options, async (one) => {
        const struck = knockOut?.(model, one.image);
        const how = { norm: args.norm, topK: Math.max(1, topK), knockOut: struck };
        const job = { ...one, model: model.name, layer, max, colours, threshold: learnt };
        const head = { image: one.path, ...(struck && { knockOut: struck }) };
        const lines = paths.length > 1 ? [one.path] : [];
        const reading = { ...how, space, tokens, ranks: true };
        const result = words.length > 0 ? await lensMaps(model, one.image, words, reading) : undefined;
        if (args.html !== undefined && result) shown.push(await lensPicture(result, job, topK));
        const parts = [
          result ? await conceptPart(result, job, topK, args["all-layers"]) : {},
          args.patch === undefined ? {} : await patchPart(model, args.patch, words, how, job),
          args.locality ? await localityPart(model, one.image) : {},
        ];
        const facts = Object.assign(head, ...parts.map((part) => part.facts));
        const files = Object.assign({}, ...parts.map((part) => part.files));
        return {
          facts: { ...facts, ...(Object.keys(files).length > 0 && { files }) },
          lines: [...lines, ...parts.flatMap((part) => part.lines ?? [])],
        };
      });
      if (args.html !== undefined) await writeLensPage(args.html, model.name, shown);
      waiting.end();
      reportAll(args.json, model.name, found, args.html);
    } finally {
      waiting.end();
    }
  },
});

type Job = PictureOut & LensSheetOptions;

/** What one part of the command found: for `--json`, for people, and the files it wrote. */
interface Part {
  readonly facts?: object;
  readonly files?: object;
  readonly lines?: readonly string[];
}

/** Where concepts are said. */
async function conceptPart(result: LensResult, job: Job, topK: number, allLayers: boolean): Promise<Part> {
  const files = await writeAll(result, job, topK, allLayers);
  return { facts: lensSummary(result, job), files, lines: linesOf(result, job, files) };
}

/** What single patches say, and how the concepts do there. */
async function patchPart(
  model: Vlm,
  text: string,
  words: readonly string[],
  options: PatchWordsOptions,
  job: Job,
): Promise<Part> {
  const patches = readPatches("lens", "--patch", text, model, job.image);
  const result = await patchWords(model, job.image, patches, words, options);
  const file = await job.write(
    "patches.json",
    JSON.stringify({ model: model.name, image: job.path, ...result }),
  );
  return {
    facts: { words: result.words, patches: result.patches },
    files: { patches: file },
    lines: patchLines(result),
  };
}

async function localityPart(model: Vlm, image: RgbImage): Promise<Part> {
  const locality = await localityByLayer(model, image);
  return { facts: { locality }, lines: localityLines(locality) };
}

interface Files {
  readonly figures: readonly string[];
  readonly maps: string;
  readonly words: string;
}

async function writeAll(result: LensResult, job: Job, topK: number, allLayers: boolean): Promise<Files> {
  const figures: string[] = [];
  const names = distinctNames(result.concepts.map(({ word }) => word));
  for (const [k, name] of names.entries()) {
    figures.push(await job.write(`${name}.png`, lensSheet(result, k, job)));
    figures.push(await job.write(`${name}.map.png`, await encodePng(mapPicture(result, k, job))));
    const global = globalMapPicture(result, k, job);
    if (global !== undefined) figures.push(await job.write(`${name}.global.png`, await encodePng(global)));
    if (allLayers) figures.push(await job.write(`${name}.layers.png`, layersSheet(result, k, job)));
  }
  const origin = { model: job.model, image: job.path };
  const maps = await job.write("maps.json", JSON.stringify(mapsJson(result, origin)));
  return {
    figures,
    maps,
    words: await job.write("words.json", JSON.stringify(wordsJson(result, origin, topK))),
  };
}

function linesOf(result: LensResult, { layer, threshold }: Job, { maps }: Files): string[] {
  const last = result.layers.length - 1;
  const where = layer === last ? "" : layer === 0 ? " (decoder input)" : ` (layer ${layer})`;
  const concepts = result.concepts.map((_, k) => {
    const appears = appearsAt(result, k);
    const since =
      appears === undefined || appears === 0 || appears === last ? "" : `; appears at layer ${appears}`;
    return `${lensSentence(result, k, layer, threshold)}${where}${since}`;
  });
  return [...concepts, `pictures and values in ${dirname(maps)}`];
}
