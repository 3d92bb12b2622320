/** The command `fovea attend`. */
import { dirname } from "node:path";
import { defineCommand } from "citty";
import { mustBe } from "../../common/errors.ts";
import { aligned } from "../../eval/summary.ts";
import { coverage } from "../../grounding/coverage.ts";
import type { BoxRegion } from "../../grounding/region.ts";
import { type AttentionResult, attentionMaps } from "../../lens/attention.ts";
import { type LayerFinding, layerFinding, strongestFirst, tokenText } from "../../lens/attention-findings.ts";
import { attentionJson, attentionSummary, knockOutJson } from "../../lens/json.ts";
import { knockOutMaps } from "../../lens/knocked-out.ts";
import { patchesText } from "../../lens/places-text.ts";
import { formatShare } from "../../lens/scale.ts";
import type { Inside } from "../../lens/sheets/attention-sheet.ts";
import { needed, numberIn } from "../arguments.ts";
import { type AttendJob, writePictures } from "../attend-files.ts";
import { machineArgs } from "../device.ts";
import { hiddenFromArg, knockOutArgs, knockOutOf } from "../knock-out-args.ts";
import { firstLines } from "../patch-lines.ts";
import { patience } from "../patience.ts";
import {
  coloursArg,
  coloursOf,
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
import { relevancePart } from "../relevance-part.ts";
import { attendPicture, htmlArg, pageMustBeWritable, writeAttendPage } from "../result-pages.ts";
import { strictArgs } from "../strict.ts";
import { weightsArg } from "../weights.ts";

const attendArgs = {
  image: pictureArg,
  question: { type: "string", description: "question about the picture" },
  model: { type: "string", description: "model or adapter folder, or OWNER/NAME after fovea pull" },
  region: { type: "string", description: "x0,y0,x1,y1 in pixels: report the attention on it" },
  layer: { type: "string", description: "layer to draw large, counted from 1 (default: the last)" },
  heads: { type: "boolean", default: false, description: "one more sheet for each token: every head" },
  "question-tokens": {
    type: "boolean",
    default: false,
    description: "tell of the question's tokens too, and of sinks",
  },
  relevance: {
    type: "boolean",
    default: false,
    description: "what mattered for each token, by gradients of attention",
  },
  ...knockOutArgs,
  "hidden-from": hiddenFromArg,
  max: {
    type: "string",
    description: "share of the strongest colour, in even steps; default 1, in logarithmic",
  },
  colours: coloursArg,
  "max-tokens": { type: "string", default: "16", description: "longest answer" },
  weights: weightsArg("mapped"),
  ...machineArgs,
  out: { type: "string", default: "out/attend", description: "folder for pictures and values" },
  replace: replaceArg,
  html: htmlArg,
  json: { type: "boolean", default: false, description: "print one JSON object" },
} as const;

export const attend = defineCommand({
  meta: { name: "attend", description: "Answer a question and show where each word of the answer looks." },
  args: attendArgs,
  async run({ args, rawArgs }) {
    strictArgs("attend", rawArgs, attendArgs, ["image"]);
    const paths = picturesOf("attend", args._);
    const question = needed("attend", "--question", args.question);
    const region = args.region === undefined ? undefined : boxOf(args.region);
    const knockOut = knockOutOf("attend", args);
    const maxNewTokens = numberIn("attend", "--max-tokens", args["max-tokens"], { least: 1 });
    const [max, colours] = [maxOf("attend", args.max), coloursOf("attend", args.colours)];
    await mustBeReady("attend", paths, args);
    await pageMustBeWritable("attend", args.html);
    const waiting = patience("attend");
    try {
      const { model } = await openNamedModel("attend", args, waiting, [question]);
      const { layers } = model.facts;
      const layer = numberIn("attend", "--layer", args.layer, { least: 1, most: layers }) ?? layers;
      const options = { out: args.out, replace: args.replace, waiting };
      const shown: Awaited<ReturnType<typeof attendPicture>>[] = [];
      const found = await forEachPicture(paths, options, async (one) => {
        const inside = region && checkedBox(region, one);
        const asked = {
          maxNewTokens,
          prompt: args["question-tokens"],
          ...(inside && { regions: [inside] }),
        };
        const struck = knockOut?.(model, one.image);
        const told = struck && (await knockOutMaps(model, one.image, question, struck, asked));
        const result = told?.after.attention ?? (await attentionMaps(model, one.image, question, asked));
        const job = { ...one, model: model.name, layer, max, colours, ...insideOf(inside, result) };
        const mattered = args.relevance
          ? await relevancePart(model, job, question, { maxNewTokens, knockOut: struck })
          : undefined;
        const pictures = await writePictures(result, told, job, args.heads);
        const json = told ? knockOutJson(told, struck, args.heads) : attentionJson(result, args.heads);
        const values = { ...json, ...(mattered && { relevance: mattered.json }) };
        const kept = await job.write("attention.json", JSON.stringify(values));
        const files = [...pictures, ...(mattered?.files ?? []), kept];
        const summary = (of: AttentionResult) => attentionSummary(of, job.inside?.map);
        const facts = {
          image: one.path,
          ...summary(result),
          ...(told && { knockOut: struck, first: told.first, before: summary(told.before.attention) }),
          ...(mattered && { relevance: mattered.facts }),
          files,
        };
        const lines = [
          ...(paths.length > 1 ? [one.path] : []),
          ...(told ? firstLines(told) : []),
          ...linesOf(result, job),
          ...(mattered?.lines ?? []),
          `pictures and values in ${dirname(kept)}`,
        ];
        if (args.html !== undefined) shown.push(await attendPicture(result, { ...job, region: inside }));
        return { facts, lines };
      });
      if (args.html !== undefined) await writeAttendPage(args.html, model.name, shown);
      waiting.end();
      reportAll(args.json, model.name, found, args.html);
    } finally {
      waiting.end();
    }
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

/** The part of the box that lies in the picture; none is a mistake. */
function checkedBox({ box: [x0, y0, x1, y1] }: BoxRegion, { image, path }: PictureOut): BoxRegion {
  const { width, height } = image;
  const box = [Math.max(0, x0), Math.max(0, y0), Math.min(width, x1), Math.min(height, y1)] as const;
  if (box[0] < box[2] && box[1] < box[3]) return { kind: "box", box };
  const size = `inside ${path}, which is ${width} x ${height} pixels`;
  throw mustBe("attend", "--region", size, [x0, y0, x1, y1].join(","));
}

function insideOf(region: BoxRegion | undefined, { geometry }: AttentionResult): { inside?: Inside } {
  return region === undefined ? {} : { inside: { box: region.box, map: coverage(region, geometry) } };
}

/** Layers of a token's lines in the table: the strongest ones, and the one that is drawn large. */
const strongestLayers = 3;

function linesOf(result: AttentionResult, { inside, layer }: AttendJob): string[] {
  const head = [
    "token",
    "layer",
    "on the image",
    ...(inside ? [`of ${result.globalGeometry ? "the tiles' part" : "that"} on the region`] : []),
    "peak (of that)",
  ];
  const rows = [...(result.prompt ?? []), ...result.tokens].flatMap((token) => {
    const findings = token.layers.map((at) => layerFinding(at, result, inside?.map));
    const first = strongestFirst(findings).slice(0, strongestLayers);
    const shown = findings.filter((finding) => first.includes(finding) || finding.layer === layer);
    return shown.map((finding, i) => [
      i === 0 ? tokenText(token) : "",
      ...rowOf(finding, first[0] === finding),
    ]);
  });
  const what = inside ? "region" : "image";
  const { layers } = result.tokens[0] ?? { layers: [] };
  const few = layers.length > strongestLayers + 1;
  const note = few
    ? [`each token's ${strongestLayers} strongest layers on the ${what}, and layer ${layer}`]
    : [];
  const unused = result.tokens.filter(({ token }) => token === "").length;
  const beyond = unused > 0 ? [`${unused} of the tokens are ids that the tokenizer does not have`] : [];
  return [
    `answer: ${result.answer}${result.ended ? "" : " ..."}`,
    ...aligned([head, ...rows]),
    ...note,
    ...sinksLine(result),
    ...beyond,
  ];
}

/** Which patches are sinks, where the question's tokens were asked about. */
function sinksLine({ sinks, geometry }: AttentionResult): string[] {
  if (sinks === undefined) return [];
  if (sinks.length === 0) return ["sinks: none"];
  return [
    `sinks: patches ${patchesText(sinks, geometry.grid)} (row:column), which draw attention whatever is asked`,
  ];
}

function rowOf({ layer, image, region, peak }: LayerFinding, strongest: boolean): string[] {
  return [
    `${layer}${strongest ? " *" : "  "}`,
    formatShare(image),
    ...(region === undefined ? [] : [formatShare(region)]),
    `${formatShare(peak.value)} at row ${peak.row}, column ${peak.column}`,
  ];
}
