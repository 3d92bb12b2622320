/** What `fovea attend --relevance` adds. */
import { encodePng } from "../hub/image/image-file.ts";
import { peakOf, placeText } from "../lens/findings.ts";
import { relevanceJson } from "../lens/json.ts";
import { type RelevanceOptions, type RelevanceResult, relevanceMaps } from "../lens/relevance.ts";
import { formatShare } from "../lens/scale.ts";
import { type AttentionSheetOptions, relevancePicture } from "../lens/sheets/attention-sheet.ts";
import type { Vlm } from "../vlm/open.ts";
import type { PictureOut } from "./picture-commands.ts";

/** For `--json`, for attention.json, and for people. */
export interface RelevancePart {
  readonly facts: object;
  readonly json: object;
  readonly files: readonly string[];
  readonly lines: readonly string[];
}

/** Each answer token's relevance: a map alone as a picture, its values, and where its peak is. */
export async function relevancePart(
  model: Vlm,
  job: PictureOut & AttentionSheetOptions,
  question: string,
  options: RelevanceOptions,
): Promise<RelevancePart> {
  const result = await relevanceMaps(model, job.image, question, options);
  const files: string[] = [];
  for (const t of result.tokens.keys())
    files.push(
      await job.write(`token-${t + 1}.relevance.png`, await encodePng(relevancePicture(result, t, job))),
    );
  const facts = result.tokens.map(({ map, ...token }) => {
    const { value, row, column } = peakOf(map, result.geometry);
    const { global: _, ...named } = token;
    return { ...named, peak: value, row, column };
  });
  return { facts, json: relevanceJson(result), files, lines: result.tokens.map((_, t) => lineOf(result, t)) };
}

/** "what mattered for b3: row 5, column 7 most, 23 % of what the image has; 61 % lies on the image" */
function lineOf({ tokens, geometry }: RelevanceResult, t: number): string {
  const { text, id, map, share } = tokens[t];
  const peak = peakOf(map, geometry);
  const name = text === "" ? `unused id ${id}` : text;
  const most = `${placeText(peak)} most, ${formatShare(peak.value)} of what the image has`;
  return `what mattered for ${name}: ${most}; ${formatShare(share)} lies on the image`;
}
