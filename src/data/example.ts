/** An example: a picture, the questions about it, and the concepts that show in it or do not. */
import { type AnswerType, answerTypes } from "../answers/kinds.ts";
import type { RgbImage, Size } from "../common/image.ts";
import type { Region } from "../grounding/region.ts";

export { type AnswerType, answerTypes };

/** A question about an image, its answer and the evidence for it. */
export interface Question {
  /** The task it belongs to, a key of the task registry: "naming", "grid-patch", "presence", ... */
  readonly task: string;
  readonly question: string;
  readonly answer: string;
  /** Where the evidence is; empty when there is none (an absent object): KLAL then leaves it out. */
  readonly regions: readonly Region[];
  readonly difficulty?: Readonly<Record<string, number | string>>;
  /** What kind of answer it is; "text" when left out. */
  readonly answerType?: AnswerType;
  /** The answers that are possible, where they are few: labels of the picture, 0 to 2 crossings. */
  readonly choices?: readonly string[];
}

/** A concept word and where it shows; without regions it is absent and LLL only suppresses it. */
export interface Concept {
  readonly word: string;
  readonly regions: readonly Region[];
}

/** One image with everything that is asked about it. */
export interface Example {
  readonly id: string;
  readonly image: RgbImage;
  readonly questions: readonly Question[];
  readonly concepts: readonly Concept[];
}

/** An example without its picture. */
export type Texts = Omit<Example, "image">;

/** An example whose picture is decoded only when it is asked for: a data set of any size can be held. */
export interface ExampleRef extends Texts {
  /** Names the picture: examples of one picture have the same. */
  readonly picture: string;
  /** Of the upright picture, from its header. */
  size(): Promise<Size>;
  /** The example with its picture. Throws a `UserError` for a picture that cannot be read or that regions do not fit. */
  load(): Promise<Example>;
}

/** An example that is in memory already, behind the interface of one that is not. */
export function refOf(example: Example): ExampleRef {
  const { id, image, questions, concepts } = example;
  const { width, height } = image;
  return {
    id,
    picture: id,
    questions,
    concepts,
    size: async () => ({ width, height }),
    load: async () => example,
  };
}

/** As {@link questionsApart}, of an example that is not loaded. */
export function refsApart(ref: ExampleRef): ExampleRef[] {
  if (ref.questions.length < 2) return [ref];
  return ref.questions.map((_, q) => ({
    id: ref.id,
    picture: ref.picture,
    size: ref.size,
    get questions() {
      return [ref.questions[q]];
    },
    get concepts() {
      return ref.concepts;
    },
    async load() {
      const example = await ref.load();
      return { ...example, questions: [example.questions[q]] };
    },
  }));
}

/** An example for each question, of the same image and concepts; the example itself where it has none or one. */
export function questionsApart(example: Example): Example[] {
  const { questions } = example;
  return questions.length < 2
    ? [example]
    : questions.map((question) => ({ ...example, questions: [question] }));
}
