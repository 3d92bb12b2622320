/** Examples as a program has them in memory, with what can be left out left out. */
import { mustBe, UserError } from "../common/errors.ts";
import { checkImage } from "../common/image.ts";
import type { Concept, Example, ExampleRef, Question } from "./example.ts";
import { refOf } from "./example.ts";
import { checkRegions } from "./regions.ts";

/** A question with its answer; regions are the evidence, in pixels of the picture. */
export type QuestionInput = Pick<Question, "question" | "answer"> & Partial<Question>;

/** A word and where it shows; without regions it shows nowhere. */
export type ConceptInput = Pick<Concept, "word"> & Partial<Concept>;

/** A picture, what is asked about it and what shows in it. */
export interface ExampleInput extends Pick<Example, "image"> {
  /** Its name in messages; default its place in the list, from 0. */
  readonly id?: string;
  readonly questions?: readonly QuestionInput[];
  readonly concepts?: readonly ConceptInput[];
}

/**
 * Examples with all that was left out. Throws a UserError of `caller` that names the example for a picture whose array
 * does not have three bytes a pixel, for a question without its text and for a region that does not lie in its picture.
 */
export function completeExamples(caller: string, inputs: readonly ExampleInput[]): Example[] {
  if (!Array.isArray(inputs) || inputs.length === 0)
    throw mustBe(caller, "examples", "a list of one or more", inputs);
  return inputs.map((input, index) => completeExample(caller, input, index));
}

function completeExample(caller: string, input: ExampleInput, index: number): Example {
  const { id = String(index), image, questions = [], concepts = [] } = input;
  const place = `${caller}: example ${id}`;
  checkImage(place, image);
  const example = {
    id,
    image,
    questions: questions.map((question) => ({ task: "question", regions: [], ...question })),
    concepts: concepts.map((concept) => ({ regions: [], ...concept })),
  };
  for (const [q, { question, answer }] of example.questions.entries()) {
    checkText(place, `question of questions[${q}]`, question);
    checkText(place, `answer of questions[${q}]`, answer);
  }
  for (const [c, { word }] of example.concepts.entries()) checkText(place, `word of concepts[${c}]`, word);
  const problem = checkRegions(example.questions, example.concepts, image).find(({ isFatal }) => isFatal);
  if (problem !== undefined) throw new UserError(`${place}: ${problem.message}`);
  return example;
}

function checkText(place: string, what: string, text: unknown): void {
  if (typeof text !== "string" || text.trim() === "") throw mustBe(place, what, "a text", text);
}

/** Examples on disk as they are, those in memory complete. */
export function exampleRefs(caller: string, given: readonly (ExampleInput | ExampleRef)[]): ExampleRef[] {
  return given.map((one, index) => ("load" in one ? one : refOf(completeExample(caller, one, index))));
}
