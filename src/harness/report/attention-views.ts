/** Where local models attended before they answered, as pictures for the report. */
import { isFamilyName } from "../../answers/families.ts";
import { type ChosenPrompts, choosePrompts } from "../../answers/prompts/chosen.ts";
import type { Templates } from "../../answers/prompts/templates.ts";
import type { ImageGeometry, RgbImage } from "../../common/image.ts";
import { type Example, refOf } from "../../data/example.ts";
import type { Machine } from "../../engine/runtime/runtime.ts";
import { demoQuery } from "../../eval/demo/config.ts";
import { evaluate } from "../../eval/evaluate.ts";
import type { Item } from "../../eval/item.ts";
import { patchTruth } from "../../eval/maps.ts";
import { massOnTarget } from "../../grounding/coverage.ts";
import { readImage } from "../../hub/image/image-file.ts";
import { modelFolder } from "../../hub/net/cache.ts";
import type { WeightForm } from "../../hub/weights/weights.ts";
import { shareScale } from "../../lens/scale.ts";
import { heatPicture } from "../../lens/sheets/pictures.ts";
import { openVlm } from "../../vlm/open.ts";
import { localFamily } from "../providers/local.ts";
import type { ItemRecord } from "../record.ts";
import { type RunPlace, runPicture } from "../run-pictures.ts";
import { webpAddress } from "./picture.ts";

/** Where a model looks before it answers: attention of the last layer over the picture, mean of its heads. */
export interface AttentionView {
  /** A `data:` address. */
  readonly picture: string;
  /** The map itself, [N] in row order, and how it lies on the picture. */
  readonly values: readonly number[];
  readonly geometry: ImageGeometry;
  /** Share of the attention over the picture that lies on the evidence; missing where none is marked. */
  readonly onEvidence?: number;
}

/** A local model as it was asked. */
export interface AskedModel {
  readonly folder: string;
  /** As `run.json` has it. */
  readonly family: string;
  readonly templates: Templates;
  readonly weights?: WeightForm;
  readonly machine?: Machine;
}

/** Attention of models over the pictures of some questions, by model and question. */
export async function attentionViews(
  models: readonly (AskedModel | undefined)[],
  items: readonly ItemRecord[],
  run: RunPlace,
): Promise<(ReadonlyMap<string, AttentionView> | undefined)[]> {
  const seen: (Map<string, Item> | undefined)[] = [];
  for (const model of models) seen.push(model && (await evaluatedItems(model, items, run)));
  const views = models.map((model) => (model === undefined ? undefined : new Map<string, AttentionView>()));
  for (const { id } of items) {
    for (const [m, one] of seen.entries()) {
      const item = one?.get(id);
      if (item !== undefined) views[m]?.set(id, await attentionView(item));
    }
  }
  return views;
}

/** One question an example, asked in the words of the run. */
async function evaluatedItems(
  { folder, family, templates, weights = "memory", machine }: AskedModel,
  items: readonly ItemRecord[],
  run: RunPlace,
): Promise<Map<string, Item>> {
  const vlm = await openVlm(await modelFolder(folder), { weights, ...(machine && { machine }) });
  const given = isFamilyName(family) ? family : undefined;
  const prompts = choosePrompts(templates, localFamily(vlm, given), items);
  const examples = await Promise.all(items.map((item) => exampleOf(item, prompts, run)));
  const seen = new Map<string, Item>();
  const onItem = (item: Item) => void seen.set(item.example.id, item);
  try {
    await evaluate(vlm, examples.map(refOf), { batch: 4, onItem });
  } finally {
    await vlm.programs.dispose();
  }
  return seen;
}

async function exampleOf(item: ItemRecord, prompts: ChosenPrompts, run: RunPlace): Promise<Example> {
  const image: RgbImage = await readImage(await runPicture(run, item.image));
  const { id, task, answer, answerType, choices, regions } = item;
  const question = prompts.prompt(item);
  const asked = { task, question, answer, answerType, regions, ...(choices && { choices }) };
  return { id, image, questions: [asked], concepts: [] };
}

function lastMap({ attention }: Item): Float32Array {
  return attention[0].find(({ query }) => query === demoQuery)?.layers.at(-1)?.map ?? new Float32Array(1);
}

/** Sides of the view of a map, in pixels. */
const view = 320;

async function attentionView(item: Item): Promise<AttentionView> {
  const { example, geometry } = item;
  const map = lastMap(item);
  const picture = await webpAddress(heatPicture(example.image, geometry, map, shareScale(map.length), view));
  const onEvidence = massOnTarget(map, patchTruth(example.questions[0].regions, geometry).coverage);
  return { picture, values: [...map], geometry, ...(!Number.isNaN(onEvidence) && { onEvidence }) };
}
