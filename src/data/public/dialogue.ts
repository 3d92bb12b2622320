/** The forms in which ms-swift, LLaMA-Factory and TRL write dialogues about pictures, as turns of plain text. */
import { z } from "zod";
import { boxUnits } from "./format.ts";
import { bad, keysOf } from "./rows.ts";

/** Null counts as left out: `datasets` fills rows with it. */
const optional = <T extends z.ZodType>(type: T) => type.nullish().transform((value) => value ?? undefined);

const text = z.string();
const image = z.union([text, z.object({ path: text }).transform(({ path }) => path)]);
const turns = z.array(z.tuple([text, text]));

/** TRL's: `{"type": "text", "text": "..."}` and `{"type": "image"}`, with the picture or without. */
const part = z.looseObject({ type: text });
const content = z.union([text, z.array(part)]);
const message = z.object({
  role: text,
  content,
  /** ms-swift: whether the turn is learnt from. */
  loss: optional(z.union([z.boolean(), z.number()])),
});
const messages = z.array(message);

/**
 * A row of ms-swift (messages, objects), LLaMA-Factory (messages, conversations, or instruction and output) or TRL
 * (messages, or prompt and completion).
 */
export const dialogueSchema = z.object({
  id: optional(z.union([text, z.int()])),
  system: optional(text),
  messages: optional(messages),
  prompt: optional(z.union([messages, text])),
  completion: optional(z.union([messages, text])),
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
      ref: optional(z.array(text)),
      bbox: optional(
        z.array(z.array(z.number()).refine((box) => [2, 4].includes(box.length), "must have 2 or 4 numbers")),
      ),
      bbox_type: optional(z.enum(boxUnits)),
    }),
  ),
});
export type DialogueRow = z.output<typeof dialogueSchema>;

/** What rows of these forms can have and what is not supported: a row with any of it is bad. */
const unsupported = [
  "videos",
  "video",
  "audios",
  "audio",
  "tools",
  "rejected",
  "rejected_response",
  "rejected_messages",
  "rejected_images",
  "chosen",
  "kto_tag",
  "label",
];

/** Throws a {@link bad} row that names a feature of the row which would otherwise be lost. */
export function refuseFeatures(row: unknown): void {
  const given = (row ?? {}) as Record<string, unknown>;
  const found = unsupported.find((name) => {
    const value = given[name];
    return value != null && value !== "" && !(Array.isArray(value) && value.length === 0);
  });
  if (found !== undefined) throw bad(found, "is not supported");
}

/** Columns that nobody reads. */
export function strayColumns(row: unknown): string[] {
  return keysOf(row).filter((key) => !Object.hasOwn(dialogueSchema.shape, key));
}

export interface Turn {
  readonly question: string;
  readonly answer: string;
  /** False where the data says that the answer is not learnt from. */
  readonly isLearnt: boolean;
}

/** The pictures of a row: in `images` or `image`, else those within its messages. */
export function imagesOf(row: DialogueRow): string[] {
  if (row.images !== undefined) return row.images;
  if (row.image !== undefined) return [row.image];
  return messagesOf(row).flatMap(({ content }) =>
    typeof content === "string" ? [] : content.flatMap((one) => (one.type === "image" ? pictureIn(one) : [])),
  );
}

function pictureIn({ image, path, url }: z.output<typeof part>): string[] {
  const found = [image, path, url].find((value) => value != null);
  if (found === undefined) return [];
  if (typeof found !== "string") throw bad("messages", "must name its picture by a path");
  return [found.replace(/^file:\/\//, "")];
}

function messagesOf({ messages, prompt, completion }: DialogueRow): z.output<typeof message>[] {
  if (messages !== undefined) return messages;
  return [prompt, completion].flatMap((list) => (Array.isArray(list) ? list : []));
}

/** The turns of a row, in order; each is a question by itself. Throws a {@link bad} row. */
export function turnsOf(row: DialogueRow): Turn[] {
  const { conversations, history = [] } = row;
  const given = messagesOf(row);
  const said = conversations?.map(({ from, value }) => ({ role: from, content: value, loss: undefined }));
  const all = given.length > 0 || row.messages !== undefined ? given : said;
  if (all !== undefined) return pairs(all.filter(({ role }) => role !== "system"));
  const [asked, answer] = plainPair(row);
  if (answer === undefined)
    throw bad(
      "messages",
      "must be there, or conversations, prompt and completion, or instruction and output",
    );
  return [...history, [asked, answer] as const].map(([question, answer]) => ({
    question,
    answer,
    isLearnt: true,
  }));
}

function plainPair({ prompt, completion, query, response, instruction, input, output }: DialogueRow) {
  if (typeof prompt === "string" && typeof completion === "string") return [prompt, completion] as const;
  return [query ?? [instruction, input].filter((one) => one).join("\n"), response ?? output] as const;
}

const askers = ["user", "human"];
const answerers = ["assistant", "gpt"];

function pairs(messages: readonly z.output<typeof message>[]): Turn[] {
  const wrong = messages.findIndex(({ role }, i) => !(i % 2 === 0 ? askers : answerers).includes(role));
  if (wrong >= 0) {
    const role = wrong % 2 ? "assistant" : "user";
    throw bad(`messages[${wrong}].role`, `must be ${role}, got ${messages[wrong].role}`);
  }
  if (messages.length < 2) throw bad("messages", "must have a question and an answer");
  if (messages.length % 2 === 1) throw bad("messages", "must end with an answer, got a question");
  return Array.from({ length: messages.length / 2 }, (_, i) => {
    const [asked, said] = [messages[2 * i], messages[2 * i + 1]];
    const isLearnt = said.loss !== false && said.loss !== 0;
    return { question: textOf(asked.content, 2 * i), answer: textOf(said.content, 2 * i + 1), isLearnt };
  });
}

/** A message's parts as one text, with `<image>` where a picture stands. */
function textOf(content: z.output<typeof message>["content"], index: number): string {
  if (typeof content === "string") return content;
  const parts = content.map((one, i) => {
    if (one.type === "image") return "<image>";
    if (one.type === "text" && typeof one.text === "string") return one.text;
    throw bad(`messages[${index}].content[${i}].type`, `must be text or image, got ${one.type}`);
  });
  return parts.join("");
}

/** The question without its picture's place. Throws a {@link bad} row for other places of pictures than one. */
export function withoutImage(turns: readonly Turn[]): Turn[] {
  const count = turns.reduce((sum, { question }) => sum + question.split("<image>").length - 1, 0);
  if (count > 1) throw bad("messages", `must have <image> once, got ${count}`);
  return turns.map((turn) => {
    const other = /<image>/.exec(turn.answer) ?? /<(?:video|audio)>/.exec(turn.question + turn.answer);
    if (other !== null)
      throw bad(
        "messages",
        `must not have ${other[0]} there: it stands for a picture or a sound, not for text`,
      );
    return { ...turn, question: turn.question.replace("<image>", "") };
  });
}
