/** The cut-outs beside the page, each file loaded once. */
import { UserError } from "../../../../common/errors.ts";
import type { CutOutSet } from "../../../../data/assets/cutout.ts";
import { unpackCutOuts } from "../../../../data/assets/pack.ts";
import { cutOutFiles } from "./cut-out-files.ts";

export type CutOutKind = keyof typeof cutOutFiles;

const loaded = new Map<CutOutKind, Promise<CutOutSet>>();

/** Rejects with a UserError where the file cannot be had; asked again, it tries again. */
export function loadCutOuts(kind: CutOutKind): Promise<CutOutSet> {
  const known = loaded.get(kind);
  if (known !== undefined) return known;
  const loading = load(cutOutFiles[kind].path);
  loaded.set(kind, loading);
  loading.catch(() => loaded.delete(kind));
  return loading;
}

async function load(path: string): Promise<CutOutSet> {
  try {
    const { ok, status, body } = await fetch(new URL(path, document.baseURI));
    if (!ok || body === null) throw new Error(`status ${status}`);
    const bytes = await new Response(body.pipeThrough(new DecompressionStream("gzip"))).bytes();
    return unpackCutOuts(bytes);
  } catch (cause) {
    throw new UserError(`the pictures of things (${path}) cannot be loaded: ${(cause as Error).message}`, {
      cause,
    });
  }
}
