import { z } from "zod";
import type { Region } from "../../grounding/region.ts";
import { boxText, frameOf, hundredths, pointText } from "../../grounding/text.ts";
import type { AnswerType, Question } from "../example.ts";
import { cutBox } from "./coco.ts";
import {
  type BoxUnit,
  boxUnits,
  type PublicFormat,
  type PublicRow,
  type Size,
  type Source,
} from "./format.ts";
import { readJsonRows } from "./json.ts";
import { pictureFacts, pictureFinder, sourceFiles } from "./pictures.ts";
import { attempt, bad, checked, idOf } from "./rows.ts";
import type { Tally } from "./tally.ts";

/** Null counts as left out: `datasets` fills rows with it. */
const optional = <T extends z.ZodType>(type: T) => type.nullish().transform((value) => value ?? undefined);

const text = z.string();
const image = z.union([text, z.object({ path: text }).transform(({ path }) => path)]);
const turns = z.array(z.tuple([text, text]));

/**
 * A row of ms-swift (messages, objects) or LLaMA-Factory (messages, conversations, or instruction and
 * output).
 */
const rowSchema = z.object({
  id: optional(z.union([text, z.int()])),
  messages: optional(z.array(z.object({ role: text, content: text }))),
  conversations: optional(z.array(z.object({ from: text, value: text }))),
  instruction: optional(text),
  input: optional(text),
  output: optional(text),
  query: optional(text),
  response: optional(text),
  history: optional(turns),
  images: optional(z.union([z.array(image).min(1), image.transform((one) => [one])])),
  image: optional(image),
  objects: optional(
    z.object({
      ref: z.array(text).default([]),
      bbox: z.array(
        z.array(z.number()).refine((box) => [2, 4].includes(box.length), "must have 2 or 4 numbers"),
      ),
      bbox_type: optional(z.enum(boxUnits)),
    }),
  ),
});
type GroundingRow = z.output<typeof rowSchema>;

/**
 * Dialogues about a picture with boxes, as ms-swift and LLaMA-Factory train on them. In ms-swift's form
 * `<bbox>` and `<ref-object>` stand for the entries of `objects`. In texts that hold boxes themselves they
 * are read only when `boxes` says their unit: nothing in such a file tells it.
 */
export const groundingJson: PublicFormat = {
  description: "grounding JSON of ms-swift or LLaMA-Factory (boxes in pixels, thousandths or shares)",
  path: "a JSON or JSONL file or folder",
  origin: "given by the maker",
  options: ["boxes"],
  async *read(source) {
    const find = pictureFinder(source);
    for (const path of await sourceFiles(source.path, [".jsonl", ".json"])) {
      const rows = checked(readJsonRows(path, source.tally), rowSchema, source.tally);
      for await (const { place, value } of rows) {
        const row = await attempt(place, source.tally, async (): Promise<PublicRow> => {
          const images = value.images ?? (value.image === undefined ? [] : [value.image]);
          if (images.length !== 1) throw bad("images", `must be one picture, got ${images.length}`);
          const picture = await find(images[0]);
          const questions = readTurns(value, await pictureFacts(picture), source);
          return { place, id: `${value.id ?? idOf(place)}`, picture, questions, concepts: [] };
        });
        if (row !== undefined) yield row;
      }
    }
  },
};

/** A box or a point of a text: what is written for it, and where it is. */
interface Spot {
  readonly text: string;
  readonly region: Region;
}

/** Question and answer of every turn, each asked by itself. */
function readTurns(row: GroundingRow, size: Size, { options, tally }: Source): Question[] {
  const { ref = [], bbox = [], bbox_type } = row.objects ?? {};
  const spots = bbox.map((box) => spotOf(box, bbox_type ?? options.boxes ?? "real", size, tally));
  const left = { refs: [...ref], spots: [...spots] };
  const inTexts = row.objects === undefined ? options.boxes : undefined;
  const questions = dialogue(row).map(([question, answer]) => {
    const [asked, said] = [question, answer].map((given) => {
      const filled = fill(given.replaceAll("<image>", ""), left);
      return inTexts === undefined ? filled : boxesInText(filled, inTexts, size, tally);
    });
    const evidence = said.spots.length > 0 ? said.spots : asked.spots;
    if (asked.text === "" || said.text === "") throw bad("messages", "must have a question and an answer");
    return {
      task: "grounding",
      question: asked.text,
      answer: said.text,
      regions: evidence.map(({ region }) => region),
      answerType: typeOf(said.text, said.spots),
    };
  });
  if (left.refs.length + left.spots.length > 0)
    throw bad(
      "objects",
      `must be as many as <ref-object> and <bbox>, got ${left.refs.length + left.spots.length} more`,
    );
  return questions;
}

interface Filled {
  readonly text: string;
  readonly spots: readonly Spot[];
}

/** A text with its placeholders replaced by the next of what is left. */
function fill(text: string, left: { readonly refs: string[]; readonly spots: Spot[] }): Filled {
  const used: Spot[] = [];
  const filled = text.replaceAll(/<ref-object>|(?:<bbox>\s*)+/g, (found, at: number) => {
    if (found === "<ref-object>") return next(left.refs, "ref", found);
    const run = found.match(/<bbox>/g)!.map(() => next(left.spots, "bbox", "<bbox>"));
    used.push(...run);
    const [before, after] = [/[\w>]/.test(text[at - 1] ?? "") ? " " : "", found.endsWith(">") ? "" : " "];
    return before + run.map((spot) => spot.text).join(", ") + after;
  });
  return { text: filled.trim(), spots: used };
}

function next<T>(left: T[], field: string, placeholder: string): T {
  const value = left.shift();
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
  const scale = {
    real: [1, 1],
    norm1000: [size.width / 1000, size.height / 1000],
    norm1: [size.width, size.height],
  };
  const [x0, y0, x1, y1] = numbers.map((value, i) => value * scale[unit][i % 2]);
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

const askers = ["user", "human"];
const answerers = ["assistant", "gpt"];

function dialogue(row: GroundingRow): (readonly [question: string, answer: string])[] {
  const { conversations, history = [] } = row;
  const messages = row.messages ?? conversations?.map(({ from, value }) => ({ role: from, content: value }));
  if (messages !== undefined) return pairs(messages.filter(({ role }) => role !== "system"));
  const asked = row.query ?? [row.instruction, row.input].filter((part) => part).join("\n");
  const said = row.response ?? row.output;
  if (said === undefined) throw bad("messages", "must be there, or conversations, or instruction and output");
  return [...history, [asked, said]];
}

function pairs(messages: readonly { role: string; content: string }[]): [string, string][] {
  const wrong = messages.findIndex(({ role }, i) => !(i % 2 === 0 ? askers : answerers).includes(role));
  if (wrong >= 0) {
    const role = wrong % 2 ? "assistant" : "user";
    throw bad(`messages[${wrong}].role`, `must be ${role}, got ${messages[wrong].role}`);
  }
  const count = Math.floor(messages.length / 2);
  if (count === 0) throw bad("messages", "must have a question and an answer");
  return Array.from({ length: count }, (_, i) => [messages[2 * i].content, messages[2 * i + 1].content]);
}
