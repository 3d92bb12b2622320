/**
 * What a machine with a file system has beyond reading a model, and a page has not: `#disk` is one of `node.ts` and
 * `web.ts`.
 */
import type { FileRange, HostArray, QuantisedArray } from "../../engine/host.ts";
import type { ModelRef } from "../net/cache.ts";
import type { Source } from "../source.ts";
import type { Json } from "../text/tokenizer.ts";
import type { AdapterConfig } from "../weights/peft.ts";
import type { QuantisedFormat } from "../weights/quantise.ts";
import type { Checkpoint, TensorEntry } from "../weights/safetensors.ts";

/** A model's folder, to be written. */
export interface ModelFolder {
  /** By their names; objects become JSON. */
  readonly files: Readonly<Record<string, string | Uint8Array | object>>;
  readonly tensors: ReadonlyMap<string, HostArray>;
  /** Element type of floating tensors. Default "F32". */
  readonly dtype?: "F32" | "F16";
  /** Whether a filled folder may be replaced. Default false. */
  readonly replace?: boolean;
  /** Writes further files into the folder before it appears. */
  readonly also?: (temporary: string) => Promise<void>;
}

/** An adapter's folder, to be written. */
export interface AdapterFolder {
  /** Its base null: a folder, `from`. */
  readonly config: AdapterConfig;
  readonly from: string;
  readonly tensors: ReadonlyMap<string, HostArray>;
  /** JSON files beside it, by their names. */
  readonly files: Readonly<Record<string, Json>>;
}

/** The model that an adapter changes. */
export interface AdapterBase {
  readonly source: Source;
  /** As the adapter's config calls it, for messages. */
  readonly named: string;
}

export interface Disk {
  /** Bytes of a file. Throws a UserError where it ends before. */
  bytesOf(file: FileRange): Promise<Uint8Array<ArrayBuffer>>;
  /** Changes with a file: its inode, size and time; undefined where there is none. */
  stampOf(path: string): Promise<string | undefined>;
  /** Tensors [O, I] by their names, in few bits, in a file of the cache, which is in `folder` where that is given. */
  quantisedTensors(
    source: Checkpoint,
    entries: readonly TensorEntry[],
    format: QuantisedFormat,
    folder?: string,
  ): Promise<Map<string, QuantisedArray>>;
  /** The folder appears complete or not at all. */
  writeModel(folder: string, content: ModelFolder): Promise<void>;
  /** What Python's `PeftModel.from_pretrained` reads; a folder that is there is replaced. */
  writeAdapter(folder: string, content: AdapterFolder): Promise<void>;
  /** Throws a UserError, which calls the folder `what`, where none can be written or one is filled that may not be replaced. */
  mustBeWritable(
    folder: string,
    options: { readonly replace: boolean; readonly what: string },
  ): Promise<void>;
  /** What a model's folder has beside its weights and config: generation settings, vocabularies, licence. */
  filesBeside(folder: string): Promise<ModelFolder["files"]>;
  /** The name on the hub by which a model was given; undefined of a folder. */
  hubModel(given: string): Promise<ModelRef | undefined>;
  /** What an adapter's config names as its base. Throws a UserError where it is not there. */
  baseOf(adapter: Source): Promise<AdapterBase>;
}
