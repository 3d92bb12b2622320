/** Greedy answers to several questions behind one picture, and the pass in which all of them stand. */
import { type HostArray, int32, release } from "../engine/host.ts";
import { imageSpans, layoutKey } from "../models/inputs/layout.ts";
import { fewSizes, stretchedRoom, tightRoom } from "../models/inputs/padding.ts";
import { type Answer, endIds, greedyAnswer } from "../vlm/answer.ts";
import { checkedDraft } from "../vlm/decode.ts";
import { runOn, type Vlm } from "../vlm/open.ts";
import { extentOf, globalIn, type PackedRows, packRows, shownIn } from "../vlm/pack.ts";
import type { Prompt } from "../vlm/prompt.ts";
import type { Displays } from "./attention.ts";
import { memoryOf } from "./glance-memory.ts";
import { ofFirstRow, type SeenImage } from "./image-states.ts";
import { type GlanceArrays, glanceOf } from "./traced.ts";

/** A question of a glance. */
export interface AskedPrompt {
  readonly text: string;
  readonly unknown: readonly string[];
  readonly prompt: Prompt;
  /** Most tokens of its answer, the end among them. */
  readonly limit: number;
}

/** The pass that has the right answers in their places, and what was computed there. */
export interface GlancePass {
  readonly arrays: GlanceArrays<HostArray>;
  readonly seen: SeenImage;
  readonly displays: Displays;
  /** `first`: number of the query that predicts the answer's first token. */
  readonly answers: readonly {
    readonly asked: AskedPrompt;
    readonly answer: Answer;
    readonly first: number;
  }[];
}

/** Places of an answer at first; they double for longer ones. */
const fewPlaces = 4;

/**
 * Answers the questions of one row. A pass reads what follows each draft as far as the draft is right; it is repeated with what
 * was read until nothing changes. Where answers outgrow their places, the model's generator drafts them.
 */
export async function answerPass(model: Vlm, asked: readonly AskedPrompt[]): Promise<GlancePass> {
  const known = memoryOf(model).drafts;
  let drafts = asked.map(({ text }) => known.get(text) ?? []);
  let places = placesFor(asked, drafts);
  for (let isGenerated = false; ; ) {
    const rows = rowWith(model, asked, drafts, places);
    const arrays = await passOver(model, rows);
    const checked = checkedAnswers(model, asked, drafts, rows, arrays.logits);
    const ids = checked.map(({ answer }) => answer.ids);
    if (checked.every(({ isWhole }) => isWhole)) {
      for (const [q, { text }] of asked.entries()) known.set(text, ids[q]);
      return passOf(
        asked,
        rows,
        arrays,
        checked.map(({ answer }) => answer),
      );
    }
    releaseArrays(arrays);
    // Behind a token that was wrong the old draft may go on as before.
    drafts = ids.map((found, q) => [...found, ...drafts[q].slice(found.length)]);
    if (checked.some(({ answer, isWhole }) => !isWhole && answer.ids.length === places)) {
      if (!isGenerated) drafts = await generated(model, asked);
      isGenerated = true;
      places = Math.max(Math.min(2 * places, asked[0].limit), placesFor(asked, drafts));
    }
  }
}

export function releasePass({ arrays }: GlancePass): void {
  releaseArrays(arrays);
}

function releaseArrays({ states, logits, logImage, share }: GlanceArrays<HostArray>): void {
  for (const array of [...states, logits, ...logImage, ...share]) release(array);
}

/** Room for the longest draft and its end, in few sizes. */
function placesFor([{ limit }]: readonly AskedPrompt[], drafts: readonly (readonly number[])[]): number {
  const longest = drafts.reduce((most, { length }) => Math.max(most, length + 1), fewPlaces);
  return Math.min(fewSizes(longest), limit);
}

async function generated(model: Vlm, asked: readonly AskedPrompt[]): Promise<number[][]> {
  const answers: number[][] = [];
  for (const { prompt, limit } of asked) answers.push((await greedyAnswer(model, prompt, limit)).ids);
  return answers;
}

/** The questions behind their image, with drafts in the places of the answers. */
function rowWith(
  model: Vlm,
  asked: readonly AskedPrompt[],
  drafts: readonly (readonly number[])[],
  places: number,
): PackedRows {
  const [{ prompt }] = asked;
  const row = { ...prompt, questions: asked.map((one) => one.prompt.question) };
  const { layout, length } = extentOf(row, places);
  const end = imageSpans(layout).reduce((_, span) => span.start + span.length, 0);
  const rule = model.family.pixels;
  const room = stretchedRoom(tightRoom({ layout, length: end + fewSizes(length - end) }, rule), rule);
  const rows = packRows(model, [row], { answerTokens: places, room });
  const { data } = rows.inputs.inputIds;
  for (const [q, columns] of rows.answers[0].entries())
    for (const [i, id] of drafts[q].slice(0, places - 1).entries()) data[columns[i + 1]] = id;
  return rows;
}

/** One pass, with all places of answers as queries. */
function passOver(model: Vlm, { layout, inputs, answers, answerTokens }: PackedRows) {
  const columns = answers[0].flat();
  const count = fewSizes(answers[0].length) * answerTokens;
  const last = columns[columns.length - 1];
  const positions = int32([1, count], [...columns, ...new Array<number>(count - columns.length).fill(last)]);
  const fn = glanceOf(model, layout);
  return runOn<GlanceArrays<HostArray>>(model, `glance, ${layoutKey(layout)}`, fn, [inputs, positions]);
}

function checkedAnswers(
  model: Vlm,
  asked: readonly AskedPrompt[],
  drafts: readonly (readonly number[])[],
  { answerTokens: places, prompts }: PackedRows,
  logits: HostArray,
) {
  const rule = { ends: endIds(model), penalty: model.repetitionPenalty };
  return asked.map(({ limit }, q) =>
    checkedDraft(logits, { first: q * places, places }, drafts[q], { ...rule, limit, prompt: prompts[0][q] }),
  );
}

function passOf(
  asked: readonly AskedPrompt[],
  rows: PackedRows,
  arrays: GlanceArrays<HostArray>,
  answers: readonly Answer[],
): GlancePass {
  const { image } = asked[0].prompt;
  const [display, global] = [shownIn(rows, 0, image), globalIn(rows, 0, image)];
  const displays = { display, ...(global !== undefined && { global }) };
  return {
    arrays,
    displays,
    seen: { ...displays, states: arrays.states.map(ofFirstRow) },
    answers: asked.map((one, q) => ({ asked: one, answer: answers[q], first: q * rows.answerTokens })),
  };
}
