/** Files in memory as a {@link Source}: what a program made itself, and tests. */
import { formatJson } from "../json.ts";
import { type Source, sourceOver } from "../source.ts";
import { blobStore } from "./files.ts";

/** Files by their paths: bytes, texts, or objects that stand for JSON. */
export type MemoryFiles = Readonly<Record<string, Uint8Array<ArrayBuffer> | string | object>>;

/** A source of these files; `name` is how people and messages call it. */
export function memorySource(files: MemoryFiles, name = "memory"): Source {
  const blobs = Object.entries(files).map(([path, content]) => [path, new Blob([encoded(content)])] as const);
  return sourceOver(blobStore(new Map(blobs), name));
}

function encoded(content: MemoryFiles[string]): Uint8Array<ArrayBuffer> | string {
  if (typeof content === "string") return content;
  return content instanceof Uint8Array ? (content as Uint8Array<ArrayBuffer>) : formatJson(content);
}
