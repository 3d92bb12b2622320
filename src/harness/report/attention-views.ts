/** Where local models attended before they answered, as pictures for the report. */
import { familyOf, isFamilyName } from "../../answers/families.ts";
import { type ChosenPrompts, choosePrompts } from "../../answers/prompts/chosen.ts";
import type { Templates } from "../../answers/prompts/templates.ts";
import type { ImageGeometry } from "../../common/image.ts";
import { type Example, type Question, refOf } from "../../data/example.ts";
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
  const seen: (Map<string, Seen> | undefined)[] = [];
  for (const model of models) seen.push(model && (await seenQuestions(model, items, run)));
  const views = models.map((model) => (model === undefined ? undefined : new Map<string, AttentionView>()));
  for (const { id } of items) {
    for (const [m, one] of seen.entries()) {
      const found = one?.get(id);
      if (found !== undefined) views[m]?.set(id, await attentionView(found));
    }
  }
  return views;
}

/** What a model showed of a picture when it was asked the item's question number `q`. */
interface Seen {
  readonly item: Item;
  readonly q: number;
}

/** By item; a picture's questions are asked together, in the words of the run. */
async function seenQuestions(
  { folder, family, templates, weights = "memory", machine }: AskedModel,
  items: readonly ItemRecord[],
  run: RunPlace,
): Promise<Map<string, Seen>> {
  const vlm = await openVlm(await modelFolder(folder), { weights, ...(machine && { machine }) });
  const given = isFamilyName(family) ? family : undefined;
  const prompts = choosePrompts(templates, localFamily(vlm, given), items);
  const ids = new Map<Question, string>();
  const examples: Example[] = [];
  for (const [path, own] of Map.groupBy(items, ({ image }) => image)) {
    const questions = own.map((item) => questionOf(item, prompts));
    for (const [q, question] of questions.entries()) ids.set(question, own[q].id);
    examples.push({ id: path, image: await readImage(await runPicture(run, path)), questions, concepts: [] });
  }
  const seen = new Map<string, Seen>();
  const onItem = (item: Item) => {
    for (const [q, question] of item.example.questions.entries())
      seen.set(ids.get(question) as string, { item, q });
  };
  try {
    // The questions are prompts already: nothing is put around them.
    const asked = { ...vlm, asking: familyOf("fovea") };
    await evaluate(asked, examples.map(refOf), { batch: 4, onItem });
  } finally {
    await vlm.programs.dispose();
  }
  return seen;
}

function questionOf(item: ItemRecord, prompts: ChosenPrompts): Question {
  const { task, answer, answerType, choices, regions } = item;
  return { task, question: prompts.prompt(item), answer, answerType, regions, ...(choices && { choices }) };
}

function lastMap({ item, q }: Seen): Float32Array {
  return (
    item.attention[q].find(({ query }) => query === demoQuery)?.layers.at(-1)?.map ?? new Float32Array(1)
  );
}

/** Sides of the view of a map, in pixels. */
const view = 320;

async function attentionView(seen: Seen): Promise<AttentionView> {
  const { example, geometry } = seen.item;
  const map = lastMap(seen);
  const picture = await webpAddress(heatPicture(example.image, geometry, map, shareScale(map.length), view));
  const onEvidence = massOnTarget(map, patchTruth(example.questions[seen.q].regions, geometry).coverage);
  return { picture, values: [...map], geometry, ...(!Number.isNaN(onEvidence) && { onEvidence }) };
}
