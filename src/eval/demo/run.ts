/** The report of `fovea demo`: two models on new scenes or on a picture of one's own. */
import { resolve } from "node:path";
import { mustBe, UserError } from "../../common/errors.ts";
import type { RgbImage } from "../../common/image.ts";
import { type Example, refOf } from "../../data/example.ts";
import { isLeaf, leavesWithPaths, sizeOf } from "../../engine/host.ts";
import type { Machine } from "../../engine/runtime/runtime.ts";
import { knownConceptTokens } from "../../vlm/concept.ts";
import { openVlm, programCache, type Vlm } from "../../vlm/open.ts";
import { type Evaluation, evaluate } from "../evaluate.ts";
import type { Item } from "../item.ts";
import { scenesFor } from "../scenes.ts";
import { summarise } from "../summary.ts";
import { type DemoModel, demoScenes } from "./config.ts";
import type { DemoReport, ReportPicture } from "./report.ts";
import { reportScene } from "./scene.ts";
import { scoresOf } from "./scores.ts";

/** A picture of the user's own with what to ask about it. */
export interface OwnPicture {
  readonly name: string;
  readonly image: RgbImage;
  readonly concepts: readonly string[];
  readonly question?: string;
}

export interface DemoOptions {
  readonly models: readonly DemoModel[];
  /** Folder that the models' folders are in. */
  readonly root: string;
  readonly seed: number;
  /** Instead of new scenes. */
  readonly own?: OwnPicture;
  /** Where the models run. */
  readonly machine?: Machine;
  readonly onProgress?: (what: string, done: number, total: number) => void;
  /** One line on what is done next. */
  readonly onNote?: (what: string) => void;
}

/** Where the report's pictures are, beside the page. */
export const pictureFolder = "pictures";

export interface DemoResult {
  readonly report: DemoReport;
  /** Every picture by its file name. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** Loads the models, lets them see the same pictures, and gathers what they said and showed. */
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const { models, root, seed, own, machine, onProgress, onNote } = options;
  const programs = programCache({ ...(machine && { machine }) });
  const loaded: Vlm[] = [];
  onNote?.(`loading ${models.map(({ folder }) => folder).join(" and ")}`);
  for (const { folder } of models) loaded.push(await openVlm(resolve(root, folder), { programs }));
  onNote?.(
    own === undefined ? `composing ${demoScenes.scored} new scenes, seed ${seed}` : `looking at ${own.name}`,
  );
  const examples = own === undefined ? await newScenes(loaded, seed) : [ownExample(loaded, own)];
  const shown = examples.slice(0, demoScenes.shown);
  const items: Item[][] = shown.map(() => []);
  const evaluations: Evaluation[] = [];
  for (const [m, model] of loaded.entries()) {
    const evaluation = await evaluate(model, examples.map(refOf), {
      answerTokens: own === undefined ? 1 : 8,
      onItem: (item) => items[item.image]?.push(item),
      onProgress: (done, total) => onProgress?.(models[m].label, done, total),
    });
    evaluations.push({ ...evaluation, model: models[m].label });
  }
  return gather(options, loaded, evaluations, shown, items);
}

/** New held-out scenes; the words of the first model decide what is in them. */
function newScenes(loaded: readonly Vlm[], seed: number): Promise<Example[]> {
  return scenesFor(loaded[0], { count: demoScenes.scored, seed: `demo/${seed}` });
}

/** The answer and the regions are unknown: nothing of it is scored. */
function ownExample(loaded: readonly Vlm[], { name, image, concepts, question }: OwnPicture): Example {
  for (const { name: known, chat } of loaded)
    for (const word of concepts) knownConceptTokens("demo", known, chat, word);
  const asked = question ?? (concepts.length > 0 ? `is there a ${concepts[0]} ?` : undefined);
  if (asked === undefined) throw mustBe("demo", "--concept or --question", "given with a picture", "neither");
  return {
    id: name,
    image,
    questions: [{ task: "own question", question: asked, answer: "", regions: [] }],
    concepts: concepts.map((word) => ({ word, regions: [] })),
  };
}

async function gather(
  { models, seed, own }: DemoOptions,
  loaded: readonly Vlm[],
  evaluations: readonly Evaluation[],
  shown: readonly Example[],
  items: readonly Item[][],
): Promise<DemoResult> {
  const files = new Map<string, Uint8Array>();
  const keep = (name: string, png: Uint8Array): ReportPicture => {
    const file = `${pictureFolder}/${name}`;
    files.set(file, png);
    return { file, address: `data:image/png;base64,${Buffer.from(png).toString("base64")}` };
  };
  const labels = models.map(({ label }) => label);
  const scenes = [];
  for (const [i, example] of shown.entries()) {
    const title = own === undefined ? `Scene ${i + 1}` : own.name;
    const scene = { id: `scene-${i + 1}`, title, example, items: items[i], models: labels };
    scenes.push(await reportScene(scene, keep));
  }
  const summary = own === undefined ? summarise([...evaluations].reverse(), seed) : undefined;
  const report: DemoReport = {
    ...(own === undefined ? newSceneTexts(evaluations[0], seed) : ownTexts),
    models: models.map(({ label, folder }, m) => ({ label, folder, parameters: parametersOf(loaded[m]) })),
    scores: summary === undefined ? [] : scoresOf(summary),
    scenes,
  };
  return { report, files };
}

function newSceneTexts({ counts }: Evaluation, seed: number) {
  return {
    title: "Same data, same steps, another loss",
    lead: [
      "Two small vision-language models, trained alike but for the loss. One only learns to predict the",
      "next token. The other also learns to keep in every image token what its patch shows (logit lens",
      "loss, LLL) and to look where the answer is (KL attention loss, KLAL). Below: what they answer,",
      "what their image tokens say layer by layer, and where their answers look.",
    ].join(" "),
    scoresNote: [
      `${counts.images} new scenes, none of them seen in training: ${counts.questions} questions and`,
      `${counts.concepts} concepts looked for. Lines mark 95 % intervals; changes, in points, are paired`,
      "over the same scenes.",
    ].join(" "),
    footer: [
      `Scenes of seed ${seed}, composed for this report; the first ${demoScenes.shown} are shown,`,
      `unchosen. Cells are named by column and row from the top left, a1 first. ${heatNote}`,
      "The white line in a mask is the truth; IoU is over patches.",
    ].join(" "),
  };
}

const heatNote = [
  "Heat lies exactly on the patches it belongs to; its colours have fixed scales.",
  "In a mask the concept keeps its colours (probability of at least 0.5).",
].join(" ");

const ownTexts = {
  title: "Two models, one picture",
  lead: [
    "Two small vision-language models, trained alike but for the loss, look at the same picture: what",
    "they answer, what their image tokens say layer by layer, and where their answers look.",
  ].join(" "),
  scoresNote: "",
  footer: `${heatNote} Nothing is scored: the truth is not known.`,
};

export function parametersOf({ params }: Vlm): number {
  const leaves = leavesWithPaths(params, isLeaf);
  return leaves.reduce((sum, [, leaf]) => sum + sizeOf(leaf.shape), 0);
}

/** A friendlier word where a checkpoint is missing. */
export function explainMissing(error: unknown, models: readonly DemoModel[]): unknown {
  if (!(error instanceof UserError) || !error.message.includes("config.json")) return error;
  const folders = models.map(({ folder }) => folder).join(" and ");
  return new UserError(`demo: expected the models ${folders}, found: ${error.message}`, { cause: error });
}
