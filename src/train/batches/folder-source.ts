/** Examples of a data set on disk: which are held out, and which make a batch together. */
import { placeWords } from "../../answers/write.ts";
import { mustBe } from "../../common/errors.ts";
import { random } from "../../common/random.ts";
import type { AugmentOptions } from "../../data/augment/options.ts";
import { augmentedExample, changesPictures } from "../../data/augment/picture.ts";
import { type Example, type ExampleRef, refsApart } from "../../data/example.ts";
import { dataDigest, heldOutOf, picturePrints } from "../../data/held-out.ts";
import { dataFolderOf, type SplitName, trainingSplits } from "../../data/imagefolder/metadata.ts";
import { readExampleRefs } from "../../data/imagefolder/read.ts";
import type { TrainConfig } from "../config/config.ts";
import type { ClassOf, FolderData, Source } from "./examples.ts";
import { batchOrder, firstBatches } from "./order.ts";

/** `apart`: whether each question needs a row of its own. */
export async function folderSource(config: TrainConfig, folder: string, apart: boolean): Promise<Source> {
  const data = await openData(config, folder, apart);
  const { training, evaluated } = data;
  const { batchSize, accumulate, evalBatches } = config.train;
  const load = (refs: readonly ExampleRef[], rows: readonly number[]) =>
    Promise.all(rows.map((row) => refs[row].load()));
  const order = once((classOf: ClassOf) =>
    batchOrder({
      rows: training.length,
      batchSize,
      seed: config.data.seed,
      classOf: (row) => classOf(training[row]),
    }),
  );
  const evaluation = once((classOf: ClassOf) =>
    firstBatches(batchSize * evalBatches, {
      rows: evaluated.length,
      batchSize,
      classOf: (row) => classOf(evaluated[row]),
    }),
  );
  const all = [...training, ...evaluated];
  const augment = config.data.augment as AugmentOptions;
  const changed = (example: Example, place: number, row: number) =>
    changesPictures(augment)
      ? augmentedExample(example, augment, random("augment", config.data.seed, place, row))
      : example;
  return {
    batch: async (step, micro, classOf) => {
      const place = step * accumulate + micro;
      const examples = await load(training, await order(classOf)(place));
      return examples.map((example, row) => changed(example, place, row));
    },
    evaluation: async (batch, classOf) => load(evaluated, (await evaluation(classOf))[batch]),
    get words() {
      return wordsOf(all);
    },
    get concepts() {
      return [...new Set(all.flatMap(({ concepts }) => concepts.map(({ word }) => word)))];
    },
    maxConcepts: all.reduce((most, { concepts }) => Math.max(most, concepts.length), 1),
    sample: sampled(all),
    folder: data,
  };
}

async function openData({ data }: TrainConfig, folder: string, apart: boolean): Promise<FolderData> {
  const rowsOf = (refs: readonly ExampleRef[]) => (apart ? refs.flatMap(refsApart) : refs);
  const notices = new Set<string>();
  const read = (path: string, split?: SplitName) =>
    readExampleRefs(path, { ...(split && { split }), onNotice: (line) => notices.add(line) });
  const splits = await trainingSplits(folder);
  const all = await read(folder, splits.training);
  const apartFrom = data.evalFolder === null && splits.evaluation === undefined;
  const out = apartFrom ? heldOutOf(all.map(({ picture }) => picture)) : new Set<string>();
  const training = all.filter(({ picture }) => !out.has(picture));
  const held = all.filter(({ picture }) => out.has(picture));
  const other = apartFrom
    ? held
    : await read(data.evalFolder ?? folder, data.evalFolder === null ? splits.evaluation : undefined);
  if (training.length === 0) throw mustBe("train", "data.folder", "a folder with examples", folder);
  const heldOut = {
    version: 1 as const,
    data: dataDigest(all.map(({ id }) => id)),
    heldOut: [...new Set(held.map(({ id }) => id))],
    prints: await picturePrints(dataFolderOf(folder), [training, held]),
  };
  const evaluatesTraining = other.length === 0;
  const evaluated = rowsOf(evaluatesTraining ? training : other);
  return {
    name: folder,
    training: rowsOf(training),
    evaluated,
    evaluatesTraining,
    heldOut,
    notices: [...notices],
  };
}

/** Examples of a large folder whose sizes stand for those of all. */
const SAMPLE = 1024;

/** Of those with the most text of each kind, as many more. */
const LONGEST = 8;

/** Some at even distances, and those with the longest texts: all of a small folder. */
function sampled(all: readonly ExampleRef[]): readonly ExampleRef[] {
  if (all.length <= SAMPLE) return all;
  const even = Array.from({ length: SAMPLE }, (_, i) => all[Math.floor((i * all.length) / SAMPLE)]);
  const lengths = all.map(lengthsOf);
  const long = lengths[0].flatMap((_, kind) => longest(lengths.map((own) => own[kind])));
  return [...new Set([...even, ...long.map((i) => all[i])])];
}

/** In several ways. */
function lengthsOf({ questions, concepts }: ExampleRef): number[] {
  const answers = questions.reduce((sum, { answer }) => sum + answer.length, 0);
  const asked = questions.reduce((sum, { question }) => sum + question.length, 0);
  const word = concepts.reduce((most, one) => Math.max(most, one.word.length), 0);
  return [asked + answers, answers, questions.length, concepts.length, word];
}

/** Places of the largest numbers. */
function longest(lengths: readonly number[]): number[] {
  const places = [...lengths.keys()].sort((a, b) => lengths[b] - lengths[a]);
  return places.slice(0, LONGEST);
}

/** Of a function that is always called with the same argument. */
function once<A, R>(make: (argument: A) => R): (argument: A) => R {
  let made: { readonly value: R } | undefined;
  return (argument) => {
    made ??= { value: make(argument) };
    return made.value;
  };
}

function wordsOf(examples: readonly ExampleRef[]): string[] {
  const texts = examples.flatMap(({ questions, concepts }) => [
    ...questions.flatMap(({ question, answer }) => [question, answer]),
    ...concepts.map(({ word }) => word),
  ]);
  return [...new Set([...texts, ...placeWords(examples.flatMap(({ questions }) => questions))])].sort();
}
