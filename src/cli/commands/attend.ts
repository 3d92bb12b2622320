import { join } from "node:path";
import { defineCommand } from "citty";
import { mustBe } from "../../common/errors.ts";
import { writeFileWhole } from "../../common/files.ts";
import type { RgbImage } from "../../common/image.ts";
import { massOnTarget } from "../../eval/map-metrics.ts";
import { coverage } from "../../grounding/coverage.ts";
import type { BoxRegion } from "../../grounding/region.ts";
import { modelFolder } from "../../hub/cache.ts";
import { readImage } from "../../hub/image-file.ts";
import { type AttentionLayer, type AttentionResult, attentionMaps } from "../../lens/attention.ts";
import { attentionScale, drawMaps, layerName } from "../../lens/pictures.ts";
import { openVlm, programCache } from "../../vlm/open.ts";
import { needed, numberIn, report } from "../arguments.ts";
import { strictArgs } from "../strict.ts";
import { weightsArg, weightsOf } from "../weights.ts";

const attendArgs = {
  image: { type: "positional", required: false, description: "picture file" },
  question: { type: "string", description: "the question" },
  model: { type: "string", description: "Hugging Face folder of the model, or OWNER/NAME that was pulled" },
  region: { type: "string", description: "x0,y0,x1,y1 in pixels: report the attention on it" },
  heads: { type: "boolean", default: false, description: "draw single heads too" },
  "max-tokens": { type: "string", default: "16", description: "longest answer" },
  weights: weightsArg("mapped"),
  out: { type: "string", default: "out/attend", description: "folder for pictures and values" },
  json: { type: "boolean", default: false, description: "print one JSON object" },
} as const;

export const attend = defineCommand({
  meta: { name: "attend", description: "Answer a question and show where each word of the answer looks." },
  args: attendArgs,
  async run({ args, rawArgs }) {
    strictArgs("attend", rawArgs, attendArgs);
    const path = needed("attend", "image", args.image);
    const question = needed("attend", "--question", args.question);
    const region = args.region === undefined ? undefined : boxOf(args.region);
    const maxNewTokens = numberIn("attend", "--max-tokens", args["max-tokens"], { least: 1 });
    const folder = await modelFolder(needed("attend", "--model", args.model));
    const model = await openVlm(folder, programCache(), weightsOf("attend", args.weights));
    const image = await readImage(path);
    const result = await attentionMaps(model, image, question, { maxNewTokens });
    const files = await writeAll(result, { image, model: model.name, out: args.out, heads: args.heads });
    const inside = region === undefined ? undefined : coverage(region, result.geometry);
    const facts = { model: model.name, image: path, ...summaryOf(result, inside), files };
    report(args.json, facts, linesOf(facts, args.out));
  },
});

function boxOf(text: string): BoxRegion {
  const [x0, y0, x1, y1, ...more] = text
    .split(",")
    .map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  if (more.length > 0 || !(x0 < x1 && y0 < y1))
    throw mustBe("attend", "--region", "x0,y0,x1,y1 with x0 < x1 and y0 < y1", text);
  return { kind: "box", box: [x0, y0, x1, y1] };
}

interface Job {
  readonly image: RgbImage;
  readonly model: string;
  readonly out: string;
  readonly heads: boolean;
}

/** A figure for each answer token, layers as its panels, and, if asked, one more with every head. */
async function writeAll(result: AttentionResult, job: Job) {
  const files: string[] = [];
  const write = async (name: string, content: string | Uint8Array) => {
    files.push(join(job.out, name));
    await writeFileWhole(join(job.out, name), content);
  };
  for (const [t, { token, layers }] of result.tokens.entries()) {
    const title = `${JSON.stringify(token)}, token ${t + 1} of the answer to "${result.question}"`;
    await write(`token-${t + 1}.png`, figureOf(result, job, title, layers.map(layerPanel)));
    if (job.heads) {
      const figure = figureOf(result, job, title, layers.flatMap(headPanels), layers[0].heads.length);
      await write(`token-${t + 1}-heads.png`, figure);
    }
  }
  await write("attention.json", JSON.stringify(attentionJson(result, job.heads)));
  return files;
}

const percent = (share: number) => `${(100 * share).toFixed(0)} %`;

const layerPanel = ({ layer, map, share }: AttentionLayer) => ({
  label: `${layerName(layer)} · ${percent(share)} on the image`,
  values: map,
});

const headPanels = ({ layer, heads, headShares }: AttentionLayer) =>
  heads.map((values, h) => ({ label: `layer ${layer}, head ${h + 1} · ${percent(headShares[h])}`, values }));

function figureOf(
  result: AttentionResult,
  { image, model }: Job,
  title: string,
  maps: { label: string; values: Float32Array }[],
  columns?: number,
): Buffer {
  const { grid } = result.geometry;
  return drawMaps({
    title,
    subtitle: `${model} · attention over ${grid.rows} x ${grid.columns} image tokens, sum 1 in each picture`,
    image,
    geometry: result.geometry,
    maps,
    chosen: maps.length - 1,
    scale: attentionScale(maps.map(({ values }) => values)),
    columns,
  });
}

function attentionJson(result: AttentionResult, withHeads: boolean): object {
  const { tokens, ...rest } = result;
  const layerJson = ({ layer, share, map, heads, headShares }: AttentionLayer) => ({
    layer,
    share,
    map: Array.from(map),
    ...(withHeads && { headShares, heads: heads.map((head) => Array.from(head)) }),
  });
  return { ...rest, tokens: tokens.map(({ token, layers }) => ({ token, layers: layers.map(layerJson) })) };
}

/** Shares by answer token and layer: on the image, and of that on the region. */
function summaryOf({ question, answer, ended, tokens }: AttentionResult, inside?: Float32Array) {
  return {
    question,
    answer,
    ended,
    tokens: tokens.map(({ token, layers }) => ({
      token,
      layers: layers.map(({ layer, share, map }) => ({
        layer,
        image: share,
        ...(inside !== undefined && { region: massOnTarget(map, inside) }),
      })),
    })),
  };
}

function linesOf(facts: ReturnType<typeof summaryOf>, out: string): string[] {
  const lines = facts.tokens.flatMap(({ token, layers }) =>
    layers.map(({ layer, image, region }) => {
      const onRegion = region === undefined ? "" : `, ${percent(region)} of that on the region`;
      return `  ${token}  layer ${layer}: ${percent(image)} on the image${onRegion}`;
    }),
  );
  return [`answer: ${facts.answer}${facts.ended ? "" : " ..."}`, ...lines, `pictures and values in ${out}`];
}
