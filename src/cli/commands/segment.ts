/** The command `fovea segment`. */
import { basename, dirname, resolve } from "node:path";
import { defineCommand } from "citty";
import { mustBe } from "../../common/errors.ts";
import { readExampleRefs } from "../../data/imagefolder/read.ts";
import { calibrate } from "../../eval/calibrate.ts";
import { encodePng } from "../../hub/image/image-file.ts";
import { type Cut, cutOf } from "../../lens/cut.ts";
import { gridText } from "../../lens/findings.ts";
import { readLearnt } from "../../lens/learnt.ts";
import { type LensResult, lensMaps } from "../../lens/logit-lens.ts";
import type { BinaryMask } from "../../lens/mask.ts";
import { maskSummary } from "../../lens/mask-json.ts";
import { formatProbability, formatShare } from "../../lens/scale.ts";
import { type CutMap, maskOverlay, segmentSheet } from "../../lens/sheets/segment-sheet.ts";
import { writeLearnt } from "../../lens/write-learnt.ts";
import { conceptText } from "../../vlm/concept.ts";
import type { Vlm } from "../../vlm/open.ts";
import { needed, numberIn, oneOf, report } from "../arguments.ts";
import { machineArgs } from "../device.ts";
import { type Patience, patience } from "../patience.ts";
import {
  coloursArg,
  coloursOf,
  forEachPicture,
  mustBeReady,
  openNamedModel,
  type PictureOut,
  pictureArg,
  picturesOf,
  replaceArg,
  reportAll,
} from "../picture-commands.ts";
import { strictArgs } from "../strict.ts";
import { weightsArg } from "../weights.ts";

const segmentArgs = {
  image: pictureArg,
  concept: { type: "string", description: "concept word" },
  model: { type: "string", description: "model or adapter folder, or OWNER/NAME after fovea pull" },
  threshold: {
    type: "string",
    default: "auto",
    description:
      "auto: the learnt threshold, or Otsu's where the word is the likeliest somewhere; otsu; or a probability from 0 to 1",
  },
  calibrate: {
    type: "string",
    description:
      "learn the threshold from the concepts of this image folder and keep it in the model's folder",
  },
  upsampling: { type: "string", default: "bilinear", description: "bilinear | nearest" },
  layer: { type: "string", description: "layer to read; 0 is the decoder's input (default: the last)" },
  colours: coloursArg,
  weights: weightsArg("mapped"),
  ...machineArgs,
  out: { type: "string", default: "out/segment", description: "folder for the mask and pictures of it" },
  replace: replaceArg,
  json: { type: "boolean", default: false, description: "print one JSON object" },
} as const;

export const segment = defineCommand({
  meta: { name: "segment", description: "Cut out a concept: a mask from the model's logit lens." },
  args: segmentArgs,
  async run({ args, rawArgs }) {
    strictArgs("segment", rawArgs, segmentArgs, ["image"]);
    const learning = args.calibrate;
    if (learning !== undefined && args._.length > 0)
      throw mustBe("segment", "--calibrate", "given without pictures", args._[0]);
    const paths = learning === undefined ? picturesOf("segment", args._) : [];
    const concept = learning === undefined ? conceptText(needed("segment", "--concept", args.concept)) : "";
    const wanted = thresholdOf(args.threshold);
    const upsampling = oneOf("segment", "--upsampling", args.upsampling, ["bilinear", "nearest"]);
    const colours = coloursOf("segment", args.colours);
    if (learning === undefined) await mustBeReady("segment", paths, args);
    const waiting = patience("segment");
    try {
      const { folder, model } = await openNamedModel("segment", args, waiting);
      const { layers } = model.facts;
      const layer = numberIn("segment", "--layer", args.layer, { least: 0, most: layers }) ?? layers;
      if (learning !== undefined)
        return await learn(model, folder, learning, layer, { waiting, json: args.json });
      const learnt = await readLearnt(folder, { layer, tokens: "mean", norm: true });
      const options = { out: args.out, replace: args.replace, waiting };
      const found = await forEachPicture(paths, options, async (one) => {
        const result = await lensMaps(model, one.image, [concept], { topK: 1, ranks: true });
        const choice = cutOf(result, 0, { layer, threshold: wanted, learnt: learnt?.pixels });
        const job = { ...one, model: model.name, layer, upsampling, colours };
        const { facts, lines } = await writeMask(result, job, choice);
        return { facts, lines: [...(paths.length > 1 ? [one.path] : []), ...lines] };
      });
      waiting.end();
      reportAll(args.json, model.name, found);
    } finally {
      waiting.end();
    }
  },
});

type Wanted = number | "otsu" | "auto";

function thresholdOf(text: string): Wanted {
  if (text === "otsu" || text === "auto") return text;
  const value = Number(text);
  if (text.trim() !== "" && value >= 0 && value <= 1) return value;
  throw mustBe("segment", "--threshold", "a probability from 0 to 1, auto or otsu", text);
}

async function learn(
  model: Vlm,
  folder: string,
  data: string,
  layer: number,
  { waiting, json }: { readonly waiting: Patience; readonly json: boolean },
): Promise<void> {
  const examples = await readExampleRefs(data);
  const onProgress = (done: number, total: number) =>
    waiting.say(`picture ${done + 1} of ${total} of ${data}`, { done, total });
  // A name and not a path: models are passed on.
  const use = { layer, tokens: "mean", norm: true, data: basename(resolve(data)), onProgress } as const;
  const { learnt, unknown } = await calibrate(model, examples, use);
  const { images, present, absent, iou, empty } = learnt.from;
  if (present + absent === 0)
    throw mustBe("segment", "--calibrate", `an image folder with concepts that ${model.name} knows`, data);
  const file = await writeLearnt(folder, learnt);
  waiting.end();
  const there = iou === null ? [] : [`mean IoU ${iou.toFixed(2)} over ${present} concepts that show`];
  const away = empty === null ? [] : [`${formatShare(empty)} of ${absent} absent ones left empty`];
  const lacking = unknown > 0 ? [`${unknown} concepts left out: ${model.name} lacks the word`] : [];
  report(json, { model: model.name, threshold: learnt.pixels, ...learnt, unknown, file }, [
    `threshold ${formatProbability(learnt.pixels)}, learnt from ${images} pictures: ${[...there, ...away].join(", ")}`,
    ...lacking,
    `kept in ${file}`,
  ]);
}

interface Job extends PictureOut {
  readonly model: string;
  readonly layer: number;
  readonly upsampling: CutMap["upsampling"];
  readonly colours: CutMap["colours"];
}

async function writeMask(result: LensResult, job: Job, choice: Cut) {
  const { layer, upsampling, image, model, colours } = job;
  const { mask, facts } = maskSummary(result, { layer, cut: choice, upsampling });
  const { geometry, tiles, layers } = result;
  const cut = {
    image,
    geometry,
    tiles,
    values: layers[layer].maps[0],
    upsampling,
    colours,
    ...(facts.share > 0 && { threshold: choice.threshold }),
  };
  const subtitle = `${model} · logit lens of layer ${layer} · ${gridText(geometry, tiles)}`;
  const { concept, summary: sentence } = facts;
  const files = {
    png: await job.write("mask.png", await encodePng(pictureOf(mask))),
    json: await job.write("mask.json", JSON.stringify(facts.mask)),
    overlay: await job.write("overlay.png", await encodePng(maskOverlay(cut))),
    figure: await job.write("segment.png", segmentSheet(cut, { concept, sentence, subtitle })),
  };
  return {
    facts: { image: job.path, ...facts, files },
    lines: [sentence, `mask and pictures in ${dirname(files.png)}`],
  };
}

/** White where the mask is. */
function pictureOf({ width, height, data: bits }: BinaryMask) {
  const data = new Uint8Array(bits.length * 3);
  bits.forEach((bit, i) => {
    data.fill(bit * 255, 3 * i, 3 * i + 3);
  });
  return { width, height, data };
}
