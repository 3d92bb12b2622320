/** The curves beside the film: each loss of each training, and its scores on held-out scenes. */
import type { Series } from "../../../elements/curves/series.ts";
import { chosen, titles } from "../../learn/recipe.ts";
import type { TrainingState } from "./training-state.ts";

/** A plot of its own. */
export interface Curves {
  readonly title: string;
  readonly series: readonly Series[];
  /** Ends of the y axis where they are fixed. */
  readonly domain?: readonly [number, number];
}

/** Steps that a point of a loss is the mean of: single steps jump. */
const SMOOTH = 10;

/** A plot for each loss that some training has, and one of scores. */
export function curvesOf(trainings: readonly TrainingState[]): Curves[] {
  const names = new Set(trainings.flatMap(({ recipe }) => chosen(recipe)));
  const losses = [...names].map((name) => ({
    title: titles[name].short,
    series: trainings
      .filter(({ recipe }) => chosen(recipe).includes(name))
      .map((state) => ({
        name: state.letter.toUpperCase(),
        colour: colourOf(state),
        points: smoothed(state.losses.map(({ step, parts }) => [step, parts[name]])),
      })),
  }));
  return [...losses, { title: "On held-out scenes", series: trainings.flatMap(scoreSeries), domain: [0, 1] }];
}

const colourOf = ({ letter }: TrainingState) => `var(--model-${letter})`;

function scoreSeries(state: TrainingState): Series[] {
  const letter = state.letter.toUpperCase();
  const points = (key: "iou" | "pointing") => state.scores.map((score) => [score.step, score[key]] as const);
  return [
    { name: `${letter} lens IoU`, colour: colourOf(state), points: points("iou") },
    { name: `${letter} pointing`, colour: colourOf(state), points: points("pointing"), dashed: true },
  ];
}

/** Means of neighbours: each point and up to {@link SMOOTH} - 1 before it. */
export function smoothed(points: readonly (readonly [number, number])[]): [number, number][] {
  return points.map(([x], i) => {
    const near = points.slice(Math.max(0, i + 1 - SMOOTH), i + 1);
    return [x, near.reduce((sum, [, y]) => sum + y, 0) / near.length];
  });
}
