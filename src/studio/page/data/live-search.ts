/**
 * Items by what the open models answer right now: they are asked one after the other, in the order of the data, until some
 * are found. What was asked and what was found is said; nothing is claimed of the rest.
 */
import type { Letter } from "../studio.ts";
import { conditions, type Filter, filterOf, type Outcome } from "./filter.ts";
import type { Answers, Models } from "./outcomes.ts";
import type { DataSource, Item } from "./source.ts";

/** How far a search goes before it waits to be told to go on. */
const [ENOUGH, MOST] = [24, 96];
const PAGE = 24;

export interface LiveFound {
  readonly items: readonly Item[];
  /** Where each of them stands among those that meet the other conditions. */
  readonly places: readonly number[];
  readonly asked: number;
  /** Whether all items that meet the other conditions were asked about. */
  readonly ended: boolean;
}

export const nothingFound: LiveFound = { items: [], places: [], asked: 0, ended: false };

/** The outcomes of a filter that open models give, and the filter without them. */
export function liveParts(filter: Filter, letters: readonly Letter[]) {
  const isLive = (model: string): model is Letter => letters.includes(model as Letter);
  const wanted = Object.entries(filter.outcomes).filter((entry): entry is [Letter, Outcome] =>
    isLive(entry[0]),
  );
  const rest = filterOf(
    conditions(filter).filter(([name]) => !(name.startsWith("by.") && isLive(name.slice(3)))),
  );
  return { wanted, rest };
}

export interface LiveSearch {
  readonly source: DataSource;
  /** Without the outcomes of open models. */
  readonly filter: Filter;
  readonly wanted: readonly (readonly [Letter, Outcome])[];
  readonly models: Models;
  readonly answers: Answers;
}

/** Goes on from what was found; `onFound` hears of each step. */
export async function searchOn(
  { source, filter, wanted, models, answers }: LiveSearch,
  before: LiveFound,
  onFound: (found: LiveFound) => void,
  signal: AbortSignal,
): Promise<void> {
  const needed = models.filter(({ letter }) => wanted.some(([one]) => one === letter));
  let found = before;
  const step = (change: Partial<LiveFound>) => {
    found = { ...found, ...change };
    onFound(found);
  };
  const isDone = () =>
    found.ended || found.items.length - before.items.length >= ENOUGH || found.asked - before.asked >= MOST;
  while (!isDone()) {
    const page = await source.items(filter, found.asked, PAGE, signal);
    if (page.length < PAGE) step({ ended: page.length === 0 });
    for (const item of page) {
      if (isDone()) return;
      const { question } = item;
      if (question !== undefined && item.row.questions[question] !== undefined)
        await answers.ask(item, await source.picture(item, signal), [question], needed, signal);
      signal.throwIfAborted();
      const meets = wanted.every(([letter, outcome]) => outcomeIn(answers, item, letter) === outcome);
      const { items, places, asked } = found;
      const more = meets && { items: [...items, item], places: [...places, asked] };
      step({ asked: asked + 1, ...more });
    }
  }
}

function outcomeIn(answers: Answers, item: Item, letter: Letter): Outcome | undefined {
  const found = item.question === undefined ? undefined : answers.get(item, item.question, letter);
  return found !== undefined && "outcome" in found ? found.outcome : undefined;
}

/** What was found so far as a data set of its own, for the wall. */
export function foundSource(source: DataSource, found: () => readonly Item[]): DataSource {
  return { ...source, items: async (_, from, count) => found().slice(from, from + count) };
}
