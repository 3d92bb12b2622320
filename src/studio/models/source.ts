/** Where a model in a page comes from, as data that goes to a worker. */
import { filesSource, type GivenFile } from "../../hub/source/files.ts";
import { httpSource } from "../../hub/source/http.ts";
import { memorySource } from "../../hub/source/memory.ts";
import type { Source } from "../../hub/source.ts";

export type PageSource =
  /** A folder on a server, the page's own or one that allows it. */
  | { readonly address: string }
  /** Files that somebody dropped or picked (`asGiven`). */
  | { readonly files: readonly GivenFile[]; readonly name?: string }
  /** Files that the page made: a model that was trained in it. */
  | { readonly memory: Readonly<Record<string, Uint8Array<ArrayBuffer>>>; readonly name: string };

/** Throws a UserError where it cannot be one. */
export function openSource(source: PageSource): Source {
  if ("address" in source) return httpSource(source.address);
  if ("memory" in source) return memorySource(source.memory, source.name);
  return filesSource(source.files, source.name);
}
