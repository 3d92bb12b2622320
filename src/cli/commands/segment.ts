import { join } from "node:path";
import { defineCommand } from "citty";
import { mustBe } from "../../common/errors.ts";
import { writeFileWhole } from "../../common/files.ts";
import { maskArea, maskBox } from "../../grounding/mask.ts";
import type { MaskRegion } from "../../grounding/region.ts";
import { compressCounts, encodeMask } from "../../grounding/rle.ts";
import { modelFolder } from "../../hub/cache.ts";
import { encodePng, readImage } from "../../hub/image-file.ts";
import { lensMaps } from "../../lens/logit-lens.ts";
import { type BinaryMask, maskFromMap, type Threshold } from "../../lens/mask.ts";
import { openVlm, programCache } from "../../vlm/open.ts";
import { needed, numberIn, oneOf, report } from "../arguments.ts";
import { strictArgs } from "../strict.ts";
import { weightsArg, weightsOf } from "../weights.ts";

const segmentArgs = {
  image: { type: "positional", required: false, description: "picture file" },
  concept: { type: "string", description: "concept word" },
  model: { type: "string", description: "Hugging Face folder of the model, or OWNER/NAME that was pulled" },
  threshold: { type: "string", default: "otsu", description: "probability from 0 to 1, or otsu" },
  upsampling: { type: "string", default: "bilinear", description: "bilinear | nearest" },
  layer: { type: "string", description: "layer (0 = decoder input; default the last)" },
  weights: weightsArg("mapped"),
  out: { type: "string", default: "out/segment", description: "folder for mask.png and mask.json" },
  json: { type: "boolean", default: false, description: "print one JSON object" },
} as const;

export const segment = defineCommand({
  meta: { name: "segment", description: "Cut out a concept: a mask from the model's logit lens." },
  args: segmentArgs,
  async run({ args, rawArgs }) {
    strictArgs("segment", rawArgs, segmentArgs);
    const path = needed("segment", "image", args.image);
    const concept = needed("segment", "--concept", args.concept);
    const wanted = thresholdOf(args.threshold);
    const upsampling = oneOf("segment", "--upsampling", args.upsampling, ["bilinear", "nearest"]);
    const folder = await modelFolder(needed("segment", "--model", args.model));
    const model = await openVlm(folder, programCache(), weightsOf("segment", args.weights));
    const { layers } = model.facts;
    const layer = numberIn("segment", "--layer", args.layer, { least: 0, most: layers }) ?? layers;
    const lens = await lensMaps(model, await readImage(path), [concept]);
    const { mask, threshold } = maskFromMap(lens.layers[layer].maps[0], lens.geometry, wanted, upsampling);
    const region = encodeMask(mask.data, mask.height, mask.width);
    const files = await writeMask(args.out, mask, region);
    const share = maskArea(region) / (mask.width * mask.height);
    // Otsu finds no cut in a map that is the same everywhere; JSON has no infinity.
    const used = Number.isFinite(threshold) ? threshold : null;
    const facts = { model: model.name, image: path, concept, layer, threshold: used, share };
    const lines = [
      `${concept}: ${(100 * share).toFixed(1)} % of the image (threshold ${used?.toPrecision(3) ?? "none"})`,
      `mask in ${files.png}, run lengths in ${files.json}`,
    ];
    report(args.json, { ...facts, mask: cocoOf(region), files }, lines);
  },
});

function thresholdOf(text: string): Threshold {
  if (text === "otsu") return "otsu";
  const value = Number(text);
  if (text.trim() !== "" && value >= 0 && value <= 1) return value;
  throw mustBe("segment", "--threshold", "a probability from 0 to 1, or otsu", text);
}

/** COCO's annotation fields of a mask: compressed run lengths, box [x, y, width, height], area in pixels. */
function cocoOf(region: MaskRegion) {
  const [x0, y0, x1, y1] = maskBox(region) ?? [0, 0, 0, 0];
  return {
    segmentation: { size: region.size, counts: compressCounts(region.counts) },
    bbox: [x0, y0, x1 - x0, y1 - y0],
    area: maskArea(region),
  };
}

async function writeMask(out: string, mask: BinaryMask, region: MaskRegion) {
  const files = { png: join(out, "mask.png"), json: join(out, "mask.json") };
  const data = new Uint8Array(mask.data.length * 3);
  mask.data.forEach((bit, i) => {
    data.fill(bit * 255, 3 * i, 3 * i + 3);
  });
  await writeFileWhole(files.png, await encodePng({ width: mask.width, height: mask.height, data }));
  await writeFileWhole(files.json, JSON.stringify(cocoOf(region)));
  return files;
}
