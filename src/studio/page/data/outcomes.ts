/** What open models answer to the questions of an item, and whether that is right. */
import type { Asking } from "../../../answers/families.ts";
import { judge } from "../../../answers/judge.ts";
import { truthOf } from "../../../answers/kinds.ts";
import { parseAnswer } from "../../../answers/parse.ts";
import type { RgbImage, Size } from "../../../common/image.ts";
import type { Question } from "../../../data/example.ts";
import { frameOf } from "../../../grounding/text.ts";
import type { StudioModel } from "../../models/model.ts";
import type { Letter } from "../studio.ts";
import type { Outcome } from "./filter.ts";
import type { Item } from "./source.ts";

/** An answer that was read and judged as `fovea eval` does it. */
export interface Judged {
  readonly text: string;
  /** An answer that cannot be read is wrong. */
  readonly outcome: Outcome;
  readonly problem?: string;
}

export function judged(
  question: Question,
  size: Size,
  text: string,
  { places }: Pick<Asking, "places">,
): Judged {
  const truth = truthOf(question, size);
  const read = parseAnswer(text, truth, places, frameOf(size));
  const outcome = judge(truth, read.parsed).correct ? "right" : "wrong";
  return { text, outcome, ...(read.parsed === null && { problem: read.problem }) };
}

/** Asks questions about a picture in one pass. Throws a `UserError` for one that is too long for the model. */
export async function askAbout(
  model: StudioModel,
  image: RgbImage,
  questions: readonly Question[],
  signal: AbortSignal,
): Promise<Judged[]> {
  const given = { picture: image, questions: questions.map(({ question }) => question), maxNewTokens: 32 };
  const { answers } = await model.run("glance", given, { signal });
  return answers.map(({ answer }, i) => judged(questions[i], image, answer, model.card.asking));
}

/** Answers by item, question and model. */
export interface Answers {
  get(item: Item, question: number, letter: Letter): Judged | { readonly failed: string } | undefined;
  /** Asks what is not known yet; `onAnswer` hears of each answer. */
  ask(
    item: Item,
    image: RgbImage,
    questions: readonly number[],
    models: Models,
    signal: AbortSignal,
  ): Promise<void>;
}

export type Models = readonly { readonly letter: Letter; readonly model: StudioModel }[];

/** Answers that are kept. */
const KEPT = 5000;

export function answers(onAnswer: () => void): Answers {
  const kept = new Map<string, Judged | { readonly failed: string }>();
  // A row that was edited is another.
  const keyOf = ({ index, row }: Item, question: number, letter: Letter) =>
    `${letter} ${index} ${question} ${row.id} ${row.questions[question]?.question} ${row.questions[question]?.answer}`;
  const put = (key: string, value: Judged | { readonly failed: string }) => {
    kept.set(key, value);
    for (const [oldest] of kept) if (kept.size > KEPT) kept.delete(oldest);
    onAnswer();
  };
  return {
    get: (item, question, letter) => kept.get(keyOf(item, question, letter)),
    async ask(item, image, places, models, signal) {
      const askModel = async ({ letter, model }: Models[number]) => {
        const open = places.filter(
          (place) => item.row.questions[place] !== undefined && !kept.has(keyOf(item, place, letter)),
        );
        if (open.length === 0) return;
        const asked = open.map((place) => item.row.questions[place]);
        const found = await askAbout(model, image, asked, signal).catch((error: Error) => {
          if (signal.aborted) return [];
          return open.map(() => ({ failed: error.message }));
        });
        for (const [i, one] of found.entries()) put(keyOf(item, open[i], letter), one);
      };
      await Promise.all(models.map(askModel));
    },
  };
}
