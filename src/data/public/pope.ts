import { basename, extname } from "node:path";
import { z } from "zod";
import type { Question } from "../example.ts";
import { openParquet } from "../tables/parquet.ts";
import type { PublicFormat, PublicRow, Source } from "./format.ts";
import { readJsonRows } from "./json.ts";
import { pictureFinder, sourceFiles } from "./pictures.ts";
import { attempt, bad, checked, countUnread } from "./rows.ts";

export const popeSplits = ["random", "popular", "adversarial"] as const;

/** By their number, which edition the questions on COCO are: "random" had fewer until October 2023. */
const editions: Readonly<Record<(typeof popeSplits)[number], Readonly<Record<number, string>>>> = {
  random: {
    2910: "the first edition (May 2023: 1500 yes, 1410 no)",
    3000: "the edition since October 2023 (1500 yes, 1500 no)",
  },
  popular: { 3000: "as in both editions" },
  adversarial: { 3000: "as in both editions" },
};

type Counts = Map<(typeof popeSplits)[number], number>;

const label = z
  .string()
  .transform((text) => text.trim().toLowerCase())
  .pipe(z.enum(["yes", "no"]));

/** A line of `coco_pope_random.json`, or an item of the list that the files for other pictures are. */
const itemSchema = z.object({
  question_id: z.union([z.int(), z.string()]),
  image: z.string().min(1),
  text: z.string().min(1),
  label,
});

/** A row of lmms-lab/POPE. */
const hubSchema = z.object({
  question_id: z.union([z.int(), z.string()]),
  question: z.string().min(1),
  answer: label,
  category: z.enum(popeSplits),
  image: z.object({ bytes: z.instanceof(Uint8Array) }),
});

/** POPE (Li et al. 2023): whether an object is in the picture, with absent objects chosen in three ways. */
export const pope: PublicFormat = {
  description: "POPE: is there ... in the image? (random, popular, adversarial)",
  path: "coco_pope_random.json, or a folder of the three, or parquet",
  origin: "https://github.com/RUCAIBox/POPE (MIT; pictures of COCO val2014, under the terms of Flickr)",
  options: ["split"],
  async *read(source) {
    const counts: Counts = new Map();
    for (const file of await sourceFiles(source.path, [".json", ".jsonl", ".parquet"]))
      yield* extname(file) === ".parquet" ? readHub(file, source, counts) : readLines(file, source, counts);
    for (const [split, count] of counts)
      source.tally.note(`${split}: ${count} questions, ${editions[split][count] ?? "not those on COCO"}`);
  },
};

async function* readLines(path: string, source: Source, counts: Counts): AsyncGenerator<PublicRow> {
  const split = popeSplits.find((name) => basename(path).includes(name));
  if (source.options.split !== undefined && split !== source.options.split) return;
  const find = pictureFinder(source);
  for await (const { place, value } of checked(readJsonRows(path, source.tally), itemSchema, source.tally)) {
    const row = await attempt(place, source.tally, async (): Promise<PublicRow> => {
      if (split === undefined) throw bad("file name", `must have ${popeSplits.join(", ")} in it`);
      counts.set(split, (counts.get(split) ?? 0) + 1);
      const question = popeQuestion(value.text, value.label, split);
      const picture = await find(value.image);
      return { place, id: `${split}-${value.question_id}`, picture, questions: [question], concepts: [] };
    });
    if (row !== undefined) yield row;
  }
}

async function* readHub(path: string, source: Source, counts: Counts): AsyncGenerator<PublicRow> {
  const file = await openParquet(path);
  for await (const { place, value } of checked(
    file.rows(Object.keys(hubSchema.shape), countUnread(source.tally)),
    hubSchema,
    source.tally,
  )) {
    const { category, question_id, question, answer, image } = value;
    if (source.options.split !== undefined && category !== source.options.split) {
      source.tally.leaveOut("rows of another split");
      continue;
    }
    counts.set(category, (counts.get(category) ?? 0) + 1);
    const questions = [popeQuestion(question, answer, category)];
    yield {
      place,
      id: `${category}-${question_id}`,
      picture: { bytes: image.bytes },
      questions,
      concepts: [],
    };
  }
}

function popeQuestion(question: string, answer: string, split: string): Question {
  return {
    task: `pope-${split}`,
    question,
    answer,
    regions: [],
    answerType: "yes-no",
    difficulty: { split },
  };
}
