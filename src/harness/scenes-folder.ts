import { createHash } from "node:crypto";
import { access } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder } from "../common/cache-folder.ts";
import { writeImageFolder } from "../data/imagefolder/write.ts";
import { type SceneChoice, scenesFor } from "../eval/scenes.ts";
import { modelFolder } from "../hub/net/cache.ts";
import { openVlm } from "../vlm/open.ts";
import type { EvaluationData } from "./data-folder.ts";

/**
 * Held-out scenes of the concepts, tasks and sizes that a local model was trained on, as an image folder in the cache.
 * The same model config and choice give the same folder.
 */
export async function scenesFolder(model: string, choice: SceneChoice): Promise<EvaluationData> {
  const vlm = await openVlm(await modelFolder(model), { weights: "mapped" });
  const examples = await scenesFor(vlm, choice);
  const folder = join(cacheFolder(), "scenes", fingerprint(examples));
  const made = await access(join(folder, "metadata.jsonl")).then(
    () => true,
    () => false,
  );
  if (!made) await writeImageFolder(folder, examples);
  return { folder, name: "scenes" };
}

/** Of the pictures and of everything that is asked about them. */
function fingerprint(examples: Awaited<ReturnType<typeof scenesFor>>): string {
  const hash = createHash("sha256");
  for (const { id, image, questions, concepts } of examples)
    hash.update(JSON.stringify([id, image.width, image.height, questions, concepts])).update(image.data);
  return hash.digest("hex").slice(0, 16);
}
