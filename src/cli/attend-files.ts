/** The pictures that `fovea attend` writes. */
import { encodePng } from "../hub/image/image-file.ts";
import type { AttentionResult } from "../lens/attention.ts";
import type { KnockOutResult } from "../lens/knocked-out.ts";
import {
  type AttentionSheetOptions,
  attentionPicture,
  attentionSheet,
  globalAttentionPicture,
  headsSheet,
  questionTokens,
} from "../lens/sheets/attention-sheet.ts";
import type { PictureOut } from "./picture-commands.ts";

/** A picture that `attend` works on, where its files go, and how maps are drawn. */
export type AttendJob = PictureOut & AttentionSheetOptions;

/** For each answer token, and if asked each token of the question, its pictures; those of the answer before a knock-out apart. */
export async function writePictures(
  result: AttentionResult,
  told: KnockOutResult | undefined,
  job: AttendJob,
  heads: boolean,
): Promise<string[]> {
  const groups: [string, AttentionResult | undefined][] = [
    ["token", result],
    ["question", result.prompt && questionTokens(result)],
    ["before-token", told?.before.attention],
  ];
  const files: string[] = [];
  for (const [name, of] of groups)
    if (of !== undefined) files.push(...(await writeTokens(of, job, heads, name)));
  return files;
}

/** For each token a sheet, its map alone (of a tiled picture, also that of the view of the whole) and, if asked, a sheet of every head. */
async function writeTokens(
  result: AttentionResult,
  job: AttendJob,
  heads: boolean,
  name: string,
): Promise<string[]> {
  const files: string[] = [];
  for (const t of result.tokens.keys()) {
    const write = async (ending: string, content: Uint8Array) =>
      files.push(await job.write(`${name}-${t + 1}${ending}.png`, content));
    await write("", attentionSheet(result, t, job));
    await write(".map", await encodePng(attentionPicture(result, t, job)));
    const global = globalAttentionPicture(result, t, job);
    if (global !== undefined) await write(".global", await encodePng(global));
    if (heads) await write(".heads", headsSheet(result, t, job));
  }
  return files;
}
