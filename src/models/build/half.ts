/** A half of a new model, as `fovea build` opens it (open.ts). */
import { snakeKeys } from "../../hub/fields.ts";
import type { FolderFiles } from "../../hub/folder.ts";
import { formatJson, parseJson } from "../../hub/json.ts";
import type { Json } from "../../hub/text/tokenizer.ts";
import type { Checkpoint } from "../../hub/weights/safetensors.ts";
import type { AdapterLayer } from "../adapter/adapter.ts";
import type { BoundFamily } from "../contract/family.ts";

export interface OpenHalf {
  /** As the user gave it. */
  readonly folder: string;
  readonly files: FolderFiles;
  readonly config: Json;
  /** The path of config.json, for messages. */
  readonly configPath: string;
  readonly modelType: string;
  /** Where it is a VLM that Fovea opens. */
  readonly family?: BoundFamily;
  readonly checkpoint: Pick<Checkpoint, "path" | "tensors" | "read">;
  /** Low-rank changes by the family's tensor name. */
  readonly changes: ReadonlyMap<string, AdapterLayer>;
  /** The name in `transformers` of a stored tensor, where files of its kind have names of their own. */
  readonly publishedName?: (stored: string) => string;
  /** What a file that is no folder says of itself; absent: the folder's name and card say it. */
  readonly origin?: { readonly name: string; readonly license: string | undefined };
}

/** Fields in camelCase as they would stand in a file, read again. */
export function jsonOf(fields: object): Json {
  return parseJson(formatJson(snakeKeys(fields))) as Json;
}
