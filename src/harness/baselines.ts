/** Answers without looking: random, majority, blind. */
import { regionsBox } from "../answers/boxes.ts";
import { families, frameFor } from "../answers/families.ts";
import type { AnswerType, ParsedAnswer } from "../answers/kinds.ts";
import { parseAnswer } from "../answers/parse.ts";
import { type Random, random } from "../common/random.ts";
import type { AnswerRecord, ItemRecord } from "./record.ts";

/**
 * - random: uniform over the choices, or over the answers that the task has
 * - majority: the most frequent answer of the task
 * - blind: the most frequent answer to the same question with the same choices; where there is none, to the same
 *   choices, then of the task. What can be known without the picture.
 */
export const baselineKinds = ["blind", "random", "majority"] as const;
export type BaselineKind = (typeof baselineKinds)[number];

export function isBaseline(name: string): name is BaselineKind {
  return (baselineKinds as readonly string[]).includes(name);
}

/**
 * What a model that sees no picture would answer. Frequencies are cross-fitted: the items are halved at random and each
 * half is answered from the other. Counting an item's own answer would flatter the baseline; leaving out only that one
 * would make it miss always where the answers are exactly balanced.
 */
export function baselineAnswers(
  kind: BaselineKind,
  items: readonly ItemRecord[],
  seed: number,
): AnswerRecord[] {
  const shuffled = random("baseline", seed).shuffle(items);
  const half = Math.ceil(shuffled.length / 2);
  const halves = [shuffled.slice(0, half), shuffled.slice(half)];
  const answers = new Map<string, AnswerRecord>();
  for (const [h, own] of halves.entries()) {
    const answer = answerers[kind](halves[1 - h]);
    for (const item of own) answers.set(item.id, answer(item, random("baseline", kind, seed, item.id)));
  }
  return items.map(({ id }) => answers.get(id) as AnswerRecord);
}

type Answerer = (known: readonly ItemRecord[]) => (item: ItemRecord, random: Random) => AnswerRecord;

const answerers: Readonly<Record<BaselineKind, Answerer>> = {
  random: (known) => {
    const byTask = index(known, [taskKey]);
    return (item, random) => {
      const others = byTask(item)[0] ?? [];
      if (item.choices) return answerWith(item, random.pick(item.choices));
      if (others.length === 0) return nothing(item);
      if (isPlace(item.answerType)) return placed(item, [random.pick(others)]);
      return answerWith(item, random.pick([...new Set(others.map(({ answer }) => answer))].sort()));
    };
  },
  majority: mostFrequent([taskKey]),
  blind: mostFrequent([
    (item) => `${taskKey(item)} ${item.question} ${item.choices?.join("\n")}`,
    (item) => `${taskKey(item)} ${item.choices?.join("\n")}`,
    taskKey,
  ]),
};

type Key = (item: ItemRecord) => string;

function taskKey({ task, answerType }: ItemRecord): string {
  return `${task} ${answerType}`;
}

/** For an item, the known ones with the same key, for every key in turn that any has. */
function index(known: readonly ItemRecord[], keys: readonly Key[]): (item: ItemRecord) => ItemRecord[][] {
  const groups = keys.map((key) => Map.groupBy(known, key));
  return (item) =>
    keys.flatMap((key, k) => [groups[k].get(key(item)) ?? []]).filter(({ length }) => length > 0);
}

function mostFrequent(keys: readonly Key[]): Answerer {
  return (known) => {
    const groups = index(known, keys);
    return (item, random) => {
      for (const group of groups(item)) {
        if (isPlace(item.answerType)) return placed(item, group);
        const best = mostFrequentAnswer(group, item, random);
        if (best !== undefined) return answerWith(item, best);
      }
      return item.choices ? answerWith(item, random.pick(item.choices)) : nothing(item);
    };
  };
}

/** The most frequent answer that is possible here; one of several by chance. */
function mostFrequentAnswer(
  group: readonly ItemRecord[],
  item: ItemRecord,
  random: Random,
): string | undefined {
  const counts = new Map<string, number>();
  for (const { answer } of group)
    if (item.choices?.includes(answer) ?? true) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  const most = Math.max(...counts.values());
  const best = [...counts].filter(([, count]) => count === most).map(([answer]) => answer);
  return best.length === 0 ? undefined : random.pick(best.sort());
}

function isPlace(type: AnswerType): boolean {
  return type === "points" || type === "box";
}

/** The mean box of the others, or its middle, as shares of the picture. */
function placed(item: ItemRecord, others: readonly ItemRecord[]): AnswerRecord {
  const boxes = others.flatMap(({ regions, width, height }) => {
    const found = regionsBox(regions);
    return found === undefined ? [] : [found.map((value, i) => value / (i % 2 === 0 ? width : height))];
  });
  if (boxes.length === 0) return nothing(item);
  const mean = [0, 1, 2, 3].map((i) => boxes.reduce((sum, box) => sum + box[i], 0) / boxes.length);
  const box = mean.map((value, i) => value * (i % 2 === 0 ? item.width : item.height));
  const middle = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2] as const;
  const parsed = (
    item.answerType === "box" ? { type: "box", box } : { type: "points", points: [middle] }
  ) as ParsedAnswer;
  const numbers = item.answerType === "box" ? box : middle;
  return { id: item.id, text: numbers.map((value) => value.toFixed(1)).join(" "), parsed };
}

function answerWith(item: ItemRecord, text: string): AnswerRecord {
  return {
    id: item.id,
    text,
    ...parseAnswer(text, item, families.generic.places, frameFor(families.generic, item)),
  };
}

function nothing({ id }: ItemRecord): AnswerRecord {
  return { id, text: "", parsed: null, problem: "no other question of this kind" };
}
