/**
 * Line tracing to try oneself: drawn items one after the other, the same for a person and for a model, and how often each
 * was right by the number of crossings.
 */
import type { Size } from "../../../../common/image.ts";
import type { Drawing, Point, Shape } from "../../../../data/drawing/drawing.ts";
import type { Question } from "../../../../data/example.ts";
import { type DrawnExample, drawnExampleMaker } from "../../../../data/tasks/drawn-examples.ts";
import { type Estimate, proportion } from "../../../../eval/statistics.ts";

/** What the shipped model of line tracing was trained on (training.yaml beside it), one question a picture. */
const easy = {
  size: 64,
  lines: [2, 3],
  crossings: [0, 1, 2],
  selfCrossings: 0,
  distractors: 0,
  nearTangent: "none",
  family: "spline",
  colours: "each",
  named: "colour",
  labels: "letters",
  background: "plain",
  orientation: "left-right",
  width: 0.03,
  questions: 1,
};

/** Letters at the ends of up to ten lines of one ink, up to twelve crossings: what benchmarks ask. */
const hard = {
  size: 336,
  lines: [4, 6, 8, 10],
  crossings: [0, 2, 4, 6, 8, 10, 12],
  selfCrossings: [0, 1],
  colours: "same",
  labels: "letters",
  distractors: [0, 1],
  questions: 1,
};

export const levels = { easy, hard } as const;
export type Level = keyof typeof levels;

/** Item `index` of a level: the same for everybody. None of them was trained on: another split. */
export function trialMaker(level: Level): (seed: number, index: number) => DrawnExample {
  return drawnExampleMaker("line-tracing", levels[level], "test");
}

/** One answer to one item. */
export interface Tried {
  readonly index: number;
  readonly crossings: number;
  readonly answer: string;
  readonly isRight: boolean;
}

export function tried(index: number, { answer, difficulty }: Question, said: string): Tried {
  const crossings = Number(difficulty?.crossings ?? 0);
  return { index, crossings, answer: said, isRight: said.trim().toLowerCase() === answer.toLowerCase() };
}

/** Accuracy by crossings, and over all, of those that were answered. */
export interface TrialScores {
  readonly all: Estimate;
  readonly byCrossings: ReadonlyMap<number, Estimate>;
}

export function trialScores(answers: readonly Tried[]): TrialScores {
  const shares = (some: readonly Tried[]) => proportion(some.map(({ isRight }) => isRight));
  const groups = [...Map.groupBy(answers, ({ crossings }) => crossings)].sort(([a], [b]) => a - b);
  return {
    all: shares(answers),
    byCrossings: new Map(groups.map(([crossings, some]) => [crossings, shares(some)])),
  };
}

/** With fewer answers than this no difference between two that answered can be told from chance. */
const FEW = 20;

/** What the numbers say, and no more. */
export function trialSentence(own: TrialScores, model: TrialScores | undefined, name: string): string {
  const { count, value } = own.all;
  if (count === 0) return "Follow the line that the question names, and click the end that it reaches.";
  const right = Math.round(count * value);
  const you = `You were right ${right} of ${times(count)}`;
  if (model === undefined || model.all.count === 0) return `${you}${few(count)}`;
  const its = Math.round(model.all.count * model.all.value);
  return `${you}, ${name} ${its} of ${model.all.count} on the same pictures${few(count)}`;
}

const times = (count: number) => (count === 1 ? "1 time" : `${count} times`);
const few = (count: number) => (count < FEW ? "; so few answers tell little, as the intervals show." : ".");

/** Which end a click takes: its label's middle lies near. */
export function endAt(ends: readonly End[], [x, y]: Point, reach: number): End | undefined {
  const near = ends.map((end) => ({ end, far: Math.hypot(end.centre[0] - x, end.centre[1] - y) }));
  const [best] = near.sort((a, b) => a.far - b.far);
  return best !== undefined && best.far <= reach ? best.end : undefined;
}

export interface End {
  readonly label: string;
  readonly centre: Point;
}

/** The ends that may be the answer, by their labels, from top to bottom. */
export function endsOf({ questions: [question], concepts }: DrawnExample): End[] {
  const choices = question.choices ?? [];
  return concepts
    .flatMap(({ word, regions: [region] }): End[] => {
      if (region?.kind !== "box" || !choices.includes(word)) return [];
      const [x0, y0, x1, y1] = region.box;
      return [{ label: word, centre: [(x0 + x1) / 2, (y0 + y1) / 2] }];
    })
    .sort((a, b) => a.centre[1] - b.centre[1] || a.centre[0] - b.centre[0]);
}

/** The same drawing so many times larger: what a person sees is what the model sees, without its coarse pixels. */
export function enlarged(drawing: Drawing, times: number): Drawing {
  const { width, height }: Size = drawing;
  return {
    ...drawing,
    width: width * times,
    height: height * times,
    shapes: drawing.shapes.map((shape) => enlargedShape(shape, times)),
  };
}

function enlargedShape(shape: Shape, times: number): Shape {
  const at = ([x, y]: Point): Point => [x * times, y * times];
  switch (shape.kind) {
    case "line":
      return { ...shape, points: shape.points.map(at), width: shape.width * times };
    case "disc":
      return { ...shape, centre: at(shape.centre), radius: shape.radius * times };
    case "ring":
      return { ...shape, centre: at(shape.centre), radius: shape.radius * times, width: shape.width * times };
    case "polygon":
      return { ...shape, points: shape.points.map(at) };
    case "text":
      return { ...shape, centre: at(shape.centre), size: shape.size * times };
  }
}
