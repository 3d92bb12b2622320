import { mustBe, UserError } from "../../common/errors.ts";
import { random } from "../../common/random.ts";
import { conceptWords } from "./concepts.ts";
import { type CutOut, type CutOutSet, cutOutSet } from "./cutout.ts";
import { emojiSource, emojiStyles, loadEmoji } from "./emoji.ts";
import { loadCutOutFolder } from "./folder.ts";
import { type Split, splits } from "./split.ts";
import { isStampSet, loadStamps, stampSets } from "./stamps.ts";

export { type Split, splits };

export interface CutOutOptions {
  /** Styles, stamps or folders of transparent pictures; pictures of one name from several sources add up. */
  readonly sources?: readonly string[];
  /** Only these names, or the first so many. */
  readonly names?: readonly string[] | number;
  /** Only the pictures of this split, where a name has several; see {@link splitCutOuts}. */
  readonly split?: Split;
}

/** Loads cut-outs; throws a {@link UserError} for a missing folder, an unknown name or an empty result. */
export async function loadCutOuts(options: CutOutOptions = {}): Promise<CutOutSet> {
  const sources = options.sources ?? ["fluent-3d"];
  const wanted = typeof options.names === "number" ? conceptWords(options.names) : options.names;
  const all = (await Promise.all(sources.map((source) => loadSource(source, wanted)))).flat();
  const set = chooseNames(cutOutSet(all), options.names);
  if (set.names.length === 0) throw new UserError(`cut-outs: no picture found in ${sources.join(", ")}`);
  return options.split === undefined ? set : splitCutOuts(set, options.split);
}

function loadSource(source: string, names: readonly string[] | undefined): Promise<CutOut[]> {
  const emoji = emojiSource(source);
  if (emoji !== undefined) return loadEmoji(emoji, names);
  if (isStampSet(source)) return loadStamps(source, names);
  return loadCutOutFolder(source, [...Object.keys(emojiStyles), ...Object.keys(stampSets)]);
}

function chooseNames(set: CutOutSet, names: CutOutOptions["names"]): CutOutSet {
  if (names === undefined) return set;
  const chosen = typeof names === "number" ? set.names.slice(0, names) : names;
  if (typeof names === "number" && chosen.length < names)
    throw mustBe("cut-outs", "names", `at most ${set.names.length}`, names);
  for (const name of chosen)
    if (!set.pictures.has(name)) throw mustBe("cut-outs", "name", "one that has a picture", name);
  return { names: chosen, pictures: new Map(chosen.map((name) => [name, set.pictures.get(name)!])) };
}

/**
 * The pictures of one split. A name with one picture shares it among all splits (their scenes still differ); with
 * two, the second is held out for validation and test; with more, about a tenth (at least one) goes to each of them.
 */
export function splitCutOuts(set: CutOutSet, split: Split): CutOutSet {
  const pictures = new Map(
    [...set.pictures].map(([name, all]) => [name, splitItems(all, (cutOut) => cutOut.picture, split)]),
  );
  return { names: set.names, pictures };
}

/** Splits any list in an order that depends only on the items' keys. */
export function splitItems<T>(items: readonly T[], key: (item: T) => string, split: Split): readonly T[] {
  if (items.length < 2) return items;
  const rank = new Map(items.map((item) => [item, random("split", key(item)).uniform()]));
  const ordered = [...items].sort((a, b) => rank.get(a)! - rank.get(b)!);
  const share = Math.max(1, Math.floor(items.length / 10));
  if (items.length === 2) return split === "train" ? ordered.slice(0, 1) : ordered.slice(1);
  const parts = {
    train: ordered.slice(2 * share),
    validation: ordered.slice(0, share),
    test: ordered.slice(share, 2 * share),
  };
  return parts[split];
}
