import type { Region } from "../../grounding/region.ts";
import { boxText, frameOf, hundredths, pointText } from "../../grounding/text.ts";
import type { AnswerType, Question } from "../example.ts";
import type { Placed } from "../tables/placed.ts";
import { cutBox } from "./coco.ts";
import {
  type DialogueRow,
  dialogueSchema,
  imagesOf,
  refuseFeatures,
  strayColumns,
  turnsOf,
  withoutImage,
} from "./dialogue.ts";
import type { BoxUnit, PublicFormat, PublicRow, Size, Source } from "./format.ts";
import { readJsonRows } from "./json.ts";
import { pictureFacts, pictureFinder, sourceFiles } from "./pictures.ts";
import { attempt, BadRow, bad, checked, idOf, noteUnread } from "./rows.ts";
import type { Tally } from "./tally.ts";
import { pixelsOf } from "./units.ts";

/**
 * Dialogues about a picture with boxes, as ms-swift and LLaMA-Factory train on them. In ms-swift's form
 * `<bbox>` and `<ref-object>` stand for the entries of `objects`. In texts that hold boxes themselves they
 * are read only when `boxes` says their unit: nothing in such a file tells it.
 */
export const groundingJson: PublicFormat = {
  description: "grounding JSON of ms-swift, LLaMA-Factory or TRL (boxes in pixels, thousandths or shares)",
  path: "a JSON or JSONL file or folder",
  origin: "given by the maker",
  options: ["boxes"],
  async *read(source) {
    const find = pictureFinder(source);
    const [stray, extras] = [new Set<string>(), new Map<string, BadRow>()];
    for (const path of await sourceFiles(source.path, [".jsonl", ".json"])) {
      const given = watched(readJsonRows(path, source.tally), stray, extras);
      for await (const { place, value } of checked(given, dialogueSchema, source.tally)) {
        const row = await attempt(place, source.tally, async (): Promise<PublicRow> => {
          const extra = extras.get(place);
          if (extra !== undefined) throw extra;
          const images = imagesOf(value);
          if (images.length !== 1) throw bad("images", `must be one picture, got ${images.length}`);
          const picture = await find(images[0]);
          const questions = readTurns(value, await pictureFacts(picture), source);
          return { place, id: `${value.id ?? idOf(place)}`, picture, questions, concepts: [] };
        });
        if (row !== undefined) yield row;
      }
    }
    noteUnread(source.tally, stray);
  },
};

/** Rows as they are; what is in them that nobody reads, or that nobody supports, is kept by name and by place. */
async function* watched(
  rows: AsyncIterable<Placed>,
  stray: Set<string>,
  extras: Map<string, BadRow>,
): AsyncGenerator<Placed> {
  for await (const row of rows) {
    extras.clear(); // Rows are turned one by one.
    for (const column of strayColumns(row.value)) stray.add(column);
    try {
      refuseFeatures(row.value);
    } catch (error) {
      if (!(error instanceof BadRow)) throw error;
      extras.set(row.place, error);
    }
    yield row;
  }
}

/** A box or a point of a text: what is written for it, and where it is. */
interface Spot {
  readonly text: string;
  readonly region: Region;
}

/** Question and answer of every turn, each asked by itself. */
function readTurns(row: DialogueRow, size: Size, { options, tally }: Source): Question[] {
  const { ref = [], bbox = [], bbox_type } = row.objects ?? {};
  const spots = bbox.map((box) => spotOf(box, bbox_type ?? options.boxes ?? "real", size, tally));
  const left = { refs: queueOf(ref), spots: queueOf(spots) };
  const inTexts = bbox.length === 0 ? options.boxes : undefined;
  const turns = withoutImage(turnsOf(row));
  const questions = turns.flatMap(({ question, answer, isLearnt }) => {
    const [asked, said] = [question, answer].map((given) => {
      const filled = fill(given, left);
      return inTexts === undefined ? filled : boxesInText(filled, inTexts, size, tally);
    });
    const evidence = said.spots.length > 0 ? said.spots : asked.spots;
    if (asked.text === "" || said.text === "") throw bad("messages", "must have a question and an answer");
    if (!isLearnt) return [];
    return {
      task: "grounding",
      question: asked.text,
      answer: said.text,
      regions: evidence.map(({ region }) => region),
      answerType: typeOf(said.text, said.spots),
    };
  });
  const unused = left.refs.count() + left.spots.count();
  if (unused > 0) throw bad("objects", `must be as many as <ref-object> and <bbox>, got ${unused} more`);
  if (questions.length === 0)
    throw bad("messages", "must have a turn that is learnt from, got loss: false in all");
  tally.count("turns that are not learnt from (loss: false)", turns.length - questions.length);
  return questions;
}

interface Filled {
  readonly text: string;
  readonly spots: readonly Spot[];
}

/** A text with its placeholders replaced by the next of what is left. */
function fill(text: string, left: { readonly refs: Queue<string>; readonly spots: Queue<Spot> }): Filled {
  const used: Spot[] = [];
  const filled = text.replaceAll(/<ref-object>|(?:<bbox>\s*)+/g, (found, at: number) => {
    if (found === "<ref-object>") return next(left.refs, "ref", found);
    const run = found.match(/<bbox>/g)!.map(() => next(left.spots, "bbox", "<bbox>"));
    for (const spot of run) used.push(spot);
    const [before, after] = [/[\w>]/.test(text[at - 1] ?? "") ? " " : "", found.endsWith(">") ? "" : " "];
    return before + run.map((spot) => spot.text).join(", ") + after;
  });
  return { text: filled.trim(), spots: used };
}

/** What is left of a list, from its front: taking from the front of a long array moves all of it. */
interface Queue<T> {
  next(): T | undefined;
  count(): number;
}

function queueOf<T>(all: readonly T[]): Queue<T> {
  let at = 0;
  return { next: () => all[at++], count: () => Math.max(0, all.length - at) };
}

function next<T>(left: Queue<T>, field: string, placeholder: string): T {
  const value = left.next();
  if (value === undefined) throw bad(`objects.${field}`, `must have an entry for every ${placeholder}`);
  return value;
}

const decimal = String.raw`\s*(-?\d+(?:\.\d+)?)\s*`;
/** `[x0, y0, x1, y1]` or `(x0,y0),(x1,y1)`, with the marks of Qwen2-VL around it or without. */
const point = `${decimal},${decimal}`;
const boxPattern = new RegExp(
  String.raw`(?:<\|box_start\|>)?[[(]${point}(?:\)\s*,\s*\(|,)${point}[\])](?:<\|box_end\|>)?`,
  "g",
);

function boxesInText({ text }: Filled, unit: BoxUnit, size: Size, tally: Tally): Filled {
  const spots: Spot[] = [];
  const filled = text
    .replaceAll(/<\|object_ref_(?:start|end)\|>/g, "")
    .replaceAll(boxPattern, (_, ...groups) => {
      const spot = spotOf(groups.slice(0, 4).map(Number), unit, size, tally);
      spots.push(spot);
      return spot.text;
    });
  return { text: filled.trim(), spots };
}

function spotOf(numbers: readonly number[], unit: BoxUnit, size: Size, tally: Tally): Spot {
  const scale = pixelsOf(unit, size);
  const [x0, y0, x1, y1] = numbers.map((value, i) => value * scale[i % 2]);
  if (numbers.length === 4) {
    const box = cutBox([x0, y0, x1, y1], size, tally);
    return { text: boxText(box, hundredths, frameOf(size)), region: { kind: "box", box } };
  }
  if (!(x0 >= 0 && y0 >= 0 && x0 <= size.width && y0 <= size.height))
    throw bad("objects.bbox", `must lie in the ${size.width} x ${size.height} picture, got [${x0}, ${y0}]`);
  return {
    text: pointText([x0, y0], hundredths, frameOf(size)),
    region: { kind: "points", points: [[x0, y0]] },
  };
}

/** The type of an answer that is a box or points and nothing else; free text otherwise. */
function typeOf(answer: string, spots: readonly Spot[]): AnswerType {
  if (spots.length === 0 || answer !== spots.map(({ text }) => text).join(", ")) return "text";
  if (spots.every(({ region }) => region.kind === "points")) return "points";
  return spots.length === 1 ? "box" : "text";
}
