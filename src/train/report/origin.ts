/** What a model was made of, for its card. */

import { type FolderFiles, readConfig, readFolderFiles } from "../../hub/folder.ts";
import { type CardFacts, carriedLicence, readCardFacts } from "../../hub/model-card.ts";
import { modelFolder, modelRefOf } from "../../hub/net/cache.ts";
import type { ModelFamily } from "../../models/contract/family.ts";
import { familyOf } from "../../models/registry.ts";
import { portableModel } from "./portable.ts";
import type { PythonPrompt } from "./python.ts";

export interface Origin {
  /** OWNER/NAME on the hub, or a folder as it may be said. */
  readonly name: string;
  /** Its OWNER/NAME, or for a local folder that of what it was made of; undefined where nobody says. */
  readonly published: string | undefined;
  /** Fields of the licence; none where its card has none. */
  readonly licence: CardFacts;
}

/** Of a base as the user gave it: a folder, or OWNER/NAME. */
export async function originOf(base: string): Promise<Origin> {
  const ref = await modelRefOf(base);
  const facts = await readCardFacts(await modelFolder(base));
  const own = ref?.name ?? facts.base_model;
  return { name: await portableModel(base), published: own, licence: carriedLicence(facts, ref?.name) };
}

/** What a card says of a model by its files. */
export interface ModelKind {
  /** `smolvlm` */
  readonly modelType: string;
  /** transformers' class: `SmolVLMForConditionalGeneration` */
  readonly architecture: string;
  readonly prompt: PythonPrompt;
}

/** Of a complete model's folder. `families`: the user's own. */
export async function kindOf(folder: string, families: readonly ModelFamily[] = []): Promise<ModelKind> {
  const config = (await readConfig(folder)) ?? {};
  const { modelType, chatTemplate } = familyOf(config, folder, families);
  const [named]: unknown[] = [config.architectures ?? []].flat();
  const architecture = typeof named === "string" && /^\w+$/.test(named) ? named : modelType;
  const files = await readFolderFiles(folder);
  return { modelType, architecture, prompt: promptOf(files, chatTemplate) };
}

/**
 * A folder without a chat template is asked by the family's own: processors of such families take the bare question
 * after the image token. Others would be asked as LLaVA-1.5 is.
 */
function promptOf(files: FolderFiles, chatTemplate: string | undefined): PythonPrompt {
  if (files.chatTemplate !== undefined) return { kind: "chat" };
  if (chatTemplate !== undefined) return { kind: "text", text: "<image>{question}" };
  return { kind: "text", text: "USER: <image>\n{question} ASSISTANT:" };
}
