/** Model folders in memory: what write-folder.ts writes, as bytes by their names. */
import type { ModelFolder } from "./disk/disk.ts";
import { formatJson } from "./json.ts";
import { encodeSafetensors } from "./weights/safetensors-encode.ts";

export function encodeFolder({
  files,
  tensors,
  dtype,
}: ModelFolder): Record<string, Uint8Array<ArrayBuffer>> {
  const weights = "model.safetensors";
  const others = Object.entries(files).map(([name, content]) => [name, encoded(content)] as const);
  return {
    [weights]: encodeSafetensors(weights, tensors, dtype && { dtype }),
    ...Object.fromEntries(others),
  };
}

const utf8 = new TextEncoder();

function encoded(content: string | Uint8Array | object): Uint8Array<ArrayBuffer> {
  if (content instanceof Uint8Array) return new Uint8Array(content);
  return utf8.encode(typeof content === "string" ? content : formatJson(content));
}
