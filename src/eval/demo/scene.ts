import type { Example } from "../../data/example.ts";
import type { AttendView } from "../../elements/views/attend-view.ts";
import type { LensView } from "../../elements/views/lens-view.ts";
import { massOnTarget } from "../../grounding/coverage.ts";
import { encodePng } from "../../hub/image/image-file.ts";
import { layerName } from "../../lens/findings.ts";
import { maskFromMap } from "../../lens/mask.ts";
import { formatNumber, linearScale, type Scale, shareScale } from "../../lens/scale.ts";
import { fitPicture } from "../../lens/sheets/canvas.ts";
import { heatPicture } from "../../lens/sheets/pictures.ts";
import { isRight } from "../answers.ts";
import type { Item } from "../item.ts";
import { iouAtThreshold } from "../map-metrics.ts";
import { patchTruth } from "../maps.ts";
import { demoQuery, demoScenes } from "./config.ts";
import { maskPicture } from "./mask-picture.ts";
import type {
  ReportBlock,
  ReportMap,
  ReportPicture,
  ReportQuestion,
  ReportRow,
  ReportScene,
} from "./report.ts";

/** One scene seen by the models: `items[m]` is what model m said and showed. */
export interface SceneOutput {
  /** For example "scene-1": the start of its files' names. */
  readonly id: string;
  readonly title: string;
  readonly example: Example;
  readonly items: readonly Item[];
  readonly models: readonly string[];
}

/** Keeps a picture: gives its address for the page and writes it as a file. */
export type Keep = (name: string, png: Uint8Array) => ReportPicture;

export async function reportScene(scene: SceneOutput, keep: Keep): Promise<ReportScene> {
  const { id, title, example } = scene;
  const known = example.concepts.filter(({ regions }) => regions.length > 0).map(({ word }) => word);
  const picture = keep(`${id}.png`, await encodePng(fitPicture(example.image, pictureSide(example))));
  const concepts = shownConcepts(example);
  const lens = await Promise.all(concepts.map((k) => lensBlock(scene, k, keep)));
  const questions = example.questions.map((_, q) => reportQuestion(scene, q));
  const attention = await Promise.all(shownQuestions(example).map((q) => attentionBlock(scene, q, keep)));
  const note = known.length > 0 ? `In the picture: ${known.join(", ")}` : "";
  return { title, note, picture, questions, blocks: [...lens, ...attention] };
}

/** Small pictures are kept pixel by pixel, and enlarged by the page; large ones are reduced. */
function pictureSide({ image }: Example): number {
  return Math.min(256, Math.max(image.width, image.height));
}

/**
 * The first concept that shows and the first that does not; of a user's own image, all that were asked for.
 */
function shownConcepts({ concepts }: Example): number[] {
  const shows = concepts.findIndex(({ regions }) => regions.length > 0);
  const absent = concepts.findIndex(({ regions }) => regions.length === 0);
  return shows < 0 ? [...concepts.keys()] : [shows, absent].filter((k) => k >= 0);
}

/** The first questions, those with evidence before the others. */
function shownQuestions({ questions }: Example): number[] {
  const order = [...questions.keys()].sort(
    (a, b) => Number(questions[b].regions.length > 0) - Number(questions[a].regions.length > 0) || a - b,
  );
  return order.slice(0, demoScenes.questionsShown);
}

function reportQuestion({ example, items }: SceneOutput, q: number): ReportQuestion {
  const question = example.questions[q];
  const truth = question.answer === "" ? undefined : question.answer;
  return {
    task: question.task,
    question: question.question,
    ...(truth !== undefined && { truth }),
    answers: items.map(({ answers }) => ({
      ...answers[q],
      ...(truth !== undefined && { right: isRight(answers[q], question, example.image) }),
    })),
  };
}

/** Fixed, so that weak maps look weak. */
const probability = linearScale("probability", 0, 1);

async function lensBlock(scene: SceneOutput, k: number, keep: Keep): Promise<ReportBlock> {
  const { example, items, models, id } = scene;
  const { word, regions } = example.concepts[k];
  const truth = patchTruth(regions, items[0].geometry);
  const shows = truth.positive.includes(1);
  const rowOf = async (item: Item, m: number): Promise<ReportRow> => {
    const name = `${id}-lens-${fileName(word)}-${m + 1}`;
    const maps = item.lens[k].map((values, layer) => ({
      label: layerName(layer),
      note: `peak ${short(Math.max(...values))}`,
      values,
    }));
    const drawn = await Promise.all(
      maps.map((map, l) => drawMap(scene, item, map, probability, `${name}-layer-${l}.png`, keep)),
    );
    return { model: models[m], maps: [...drawn, await maskMap(scene, item, k, `${name}-mask.png`, keep)] };
  };
  const rows = await Promise.all(items.map(rowOf));
  const views = items.map((item, m) =>
    lensView(item, k, models[m], `mask at 0.5: ${rows[m].maps.at(-1)?.note}`),
  );
  return {
    title: `Where the image tokens say “${word}”`,
    note: shows
      ? "It is in the picture."
      : regions.length === 0 && knowsTruth(example)
        ? "It is not in the picture."
        : "",
    scale: { colours: "heat", label: "probability by the logit lens", low: 0, high: 1 },
    rows,
    view: { kind: "lens", results: views },
  };
}

/** The same maps for the element of the page. */
function lensView({ example, geometry, lens }: Item, k: number, title: string, note: string): LensView {
  const { word, regions } = example.concepts[k];
  const layers = lens[k].map((values, layer) => ({ layer, values: [...values] }));
  return { title, geometry, concepts: [{ word, layers, regions, note }] };
}

/** Composed scenes know what is in them; a user's own image does not. */
function knowsTruth({ concepts }: Example): boolean {
  return concepts.some(({ regions }) => regions.length > 0);
}

/** The mask of the last layer at probability 0.5, and its agreement with the truth, in patches. */
async function maskMap(
  scene: SceneOutput,
  item: Item,
  k: number,
  file: string,
  keep: Keep,
): Promise<ReportMap> {
  const { regions } = scene.example.concepts[k];
  const values = item.lens[k][item.lens[k].length - 1];
  const { mask } = maskFromMap(values, item.geometry, 0.5);
  const truth = patchTruth(regions, item.geometry).positive;
  const iou = iouAtThreshold(values, truth, 0.5);
  const known = knowsTruth(scene.example);
  const share = mask.data.reduce((sum, bit) => sum + bit, 0) / mask.data.length;
  const note =
    known && truth.includes(1)
      ? `IoU ${iou.toFixed(2)}`
      : share === 0
        ? "nothing"
        : `${percent(share)} of image`;
  const picture = keep(file, await encodePng(maskPicture(scene.example.image, mask, regions)));
  return { label: "mask", note, picture, values: Array.from(values), smooth: true };
}

async function attentionBlock(scene: SceneOutput, q: number, keep: Keep): Promise<ReportBlock> {
  const { example, items, models, id } = scene;
  const { question, regions } = example.questions[q];
  const layersOf = (item: Item) => item.attention[q].find(({ query }) => query === demoQuery)?.layers ?? [];
  const places = items[0].geometry.grid.rows * items[0].geometry.grid.columns;
  const scale = shareScale(places);
  const { coverage } = patchTruth(regions, items[0].geometry);
  const rowOf = async (item: Item, m: number): Promise<ReportRow> => {
    const maps = layersOf(item).map(({ layer, map, share }) => {
      const onTarget = massOnTarget(map, coverage);
      const note = Number.isNaN(onTarget) ? `${percent(share)} on image` : `${percent(onTarget)} on target`;
      return drawMap(
        scene,
        item,
        { label: layerName(layer), note, values: map },
        scale,
        `${id}-attention-${q + 1}-${m + 1}-layer-${layer}.png`,
        keep,
      );
    });
    return { model: models[m], maps: await Promise.all(maps) };
  };
  return {
    title: `Where the answer looks: “${question}”`,
    note: "",
    scale: {
      colours: "heat",
      label: "attention over the image, even to all, logarithmic",
      low: 1 / places,
      high: 1,
    },
    rows: await Promise.all(items.map(rowOf)),
    view: { kind: "attend", results: items.map((item, m) => attendView(item, q, models[m])) },
  };
}

function attendView({ example, geometry, answers, attention }: Item, q: number, title: string): AttendView {
  const { question, answer, regions } = example.questions[q];
  const { text, ended } = answers[q];
  const layers = attention[q].find(({ query }) => query === demoQuery)?.layers ?? [];
  const token = text === "" ? "(nothing)" : text;
  return {
    title,
    question,
    answer: text,
    ended,
    ...(answer !== "" && { right: isRight(answers[q], example.questions[q], example.image) }),
    geometry,
    tokens: [{ token, layers: layers.map(({ layer, share, map }) => ({ layer, share, map: [...map] })) }],
    regions,
  };
}

/** Maps are drawn larger than small pictures, so that the lines of the picture are thin. */
const mapSide = 256;

async function drawMap(
  { example }: SceneOutput,
  { geometry }: Item,
  map: { readonly label: string; readonly note: string; readonly values: Float32Array },
  scale: Scale,
  file: string,
  keep: Keep,
): Promise<ReportMap> {
  const picture = heatPicture(example.image, geometry, map.values, scale, mapSide);
  return { ...map, picture: keep(file, await encodePng(picture)), values: Array.from(map.values) };
}

const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
const short = (value: number) =>
  value >= 0.01 ? value.toFixed(2) : formatNumber(Number(value.toPrecision(1)));
const fileName = (word: string) => word.replaceAll(/[^\p{L}\p{N}]+/gu, "-");
