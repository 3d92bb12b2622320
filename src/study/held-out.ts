/** What a study scores on: held-out scenes, or the part of a folder that training left out. */
import { UserError } from "../common/errors.ts";
import { type ExampleRef, refOf } from "../data/example.ts";
import { readExampleRefs } from "../data/imagefolder/read.ts";
import { scenesOf } from "../eval/scenes.ts";
import { choosePart } from "../harness/part.ts";
import type { TrainConfig } from "../train/config/config.ts";
import type { Vlm } from "../vlm/open.ts";

/** At most `count` held-out pictures for a model of a run; all arms and seeds get the same. */
export async function heldOutExamples(
  model: Vlm,
  config: TrainConfig,
  { count, sceneSeed }: { readonly count: number; readonly sceneSeed: number },
): Promise<readonly ExampleRef[]> {
  const folder = config.data.evalFolder ?? config.data.folder;
  if (folder === null) return (await scenesOf(model, config, { count, seed: sceneSeed })).map(refOf);
  const [refs, { part }] = await Promise.all([
    readExampleRefs(folder),
    choosePart("ablate", [model.folder], folder),
  ]);
  const examples = refs.filter(({ id }) => part?.has(id) ?? true).slice(0, count);
  if (examples.length === 0) throw new UserError(`ablate: ${folder} holds out no picture with a question`);
  return examples;
}
