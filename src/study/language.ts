/** What trainings left of the language of the model that they began from, on texts without a picture. */
import { changeByToken, type TextChange, type TokenChange, textChange } from "../eval/language/measure.ts";
import { passages } from "../eval/language/texts.ts";
import { modelFolder } from "../hub/net/cache.ts";
import { type OpenOptions, openVlm } from "../vlm/open.ts";
import type { RunRecord } from "./record.ts";

/** Of the model in `folder`, trained from `base`; undefined where their tokens differ. `onText` may throw, which ends it. */
export async function languageKept(
  base: string,
  folder: string,
  options: OpenOptions,
  onText: () => void,
): Promise<TextChange | undefined> {
  const [model, against] = [await openVlm(folder, options), await openVlm(await modelFolder(base), options)];
  return textChange(model, against, passages, onText);
}

/** Of all seeds of an arm, the texts of every seed resampled whole; undefined where none was measured. */
export function keptOfRuns(runs: readonly RunRecord[]): TokenChange | undefined {
  const found = runs.flatMap(({ language }) => language ?? []);
  if (found.length === 0) return undefined;
  const all = (of: (change: TextChange) => readonly number[]) => found.flatMap(of);
  return changeByToken({
    tokens: all(({ tokens }) => tokens),
    before: all(({ before }) => before),
    after: all(({ after }) => after),
    kl: all(({ kl }) => kl),
  });
}
