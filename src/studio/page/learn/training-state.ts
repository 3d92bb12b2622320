/** What the page knows of a training: plain data, changed by what the worker says. Memory is bounded, however long it trains. */
import type { FromTrainer, HeldOutScore, Moment, StepLosses, Watched } from "../../learn/messages.ts";
import { type Recipe, titleOf } from "../../learn/recipe.ts";
import type { Letter } from "../studio.ts";

export type Status = "opening" | "training" | "stopping" | "stopped" | "failed";

export interface TrainingState {
  readonly letter: Letter;
  readonly recipe: Recipe;
  readonly status: Status;
  /** What it does before its first step. */
  readonly doing?: string;
  /** Why it ended, in one line. */
  readonly problem?: string;
  readonly watched: readonly Watched[];
  /** In the order of steps; at most {@link MOMENTS}. */
  readonly moments: readonly Moment[];
  /** In the order of steps; at most {@link POINTS}. */
  readonly losses: readonly StepLosses[];
  readonly scores: readonly HeldOutScore[];
}

/** Moments of the film, each some kilobytes. */
export const MOMENTS = 120;
/** Points of a curve. */
export const POINTS = 1000;

export function begun(recipe: Recipe, letter: Letter): TrainingState {
  return { letter, recipe, status: "opening", watched: [], moments: [], losses: [], scores: [] };
}

type Message = Exclude<FromTrainer, { readonly saved: number }>;

/** The state once the worker has said something. */
export function told(state: TrainingState, message: Message): TrainingState {
  if ("loading" in message) return { ...state, doing: message.loading.what };
  if ("watched" in message) return { ...state, watched: message.watched };
  if ("losses" in message) {
    const status = state.status === "stopping" ? "stopping" : "training";
    return { ...state, status, doing: undefined, losses: added(state.losses, message.losses, POINTS) };
  }
  if ("moment" in message) return { ...state, moments: added(state.moments, message.moment, MOMENTS) };
  if ("score" in message) return { ...state, scores: added(state.scores, message.score, POINTS) };
  if ("paused" in message) return { ...state, status: "stopped", doing: undefined };
  return { ...state, status: "failed", doing: undefined, problem: message.failed.message };
}

/**
 * With one more at the end, or in the place of one of the same step. Where that makes too many, every second goes; the first
 * and the last stay.
 */
export function added<T extends { readonly step: number }>(all: readonly T[], one: T, most: number): T[] {
  const before = all.at(-1)?.step === one.step ? all.slice(0, -1) : all;
  const more = [...before, one];
  return more.length <= most ? more : more.filter((_, i) => i % 2 === 0 || i === more.length - 1);
}

/** Steps done. */
export function stepsOf({ losses }: TrainingState): number {
  return losses.at(-1)?.step ?? 0;
}

/** Its last maps at or before a step; the newest without one. */
export function momentAt({ moments }: TrainingState, step?: number): Moment | undefined {
  return step === undefined ? moments.at(-1) : (moments.findLast((one) => one.step <= step) ?? moments[0]);
}

/** "NTP + LLL from the NTP twin". */
export function nameOf({ recipe }: TrainingState): string {
  return `${titleOf(recipe)} ${recipe.start === "twin" ? "from the NTP twin" : "from nothing"}`;
}

/** "240 steps, 1 min 12 s". */
export function progressOf(state: TrainingState): string {
  const last = state.losses.at(-1);
  return last === undefined ? "no step yet" : `${steps(last.step)}, ${timeOf(last.seconds)}`;
}

export const steps = (count: number) => (count === 1 ? "1 step" : `${count.toLocaleString("en-GB")} steps`);

export function timeOf(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/**
 * What is said to those who hear the page, at each of these only: that it began, each new score, its end. The empty text
 * says nothing.
 */
export function announcement(state: TrainingState): string {
  const { status, doing, problem } = state;
  if (status === "failed") return `Training ended: ${problem}`;
  const score = state.scores.at(-1);
  const seen =
    score === undefined || score.step === 0
      ? ""
      : ` On held-out scenes the lens IoU is ${score.iou.toFixed(2)}, pointing ${score.pointing.toFixed(2)}, after ${steps(score.step)}.`;
  if (status === "stopped") return `Stopped after ${steps(stepsOf(state))}.${seen}`;
  if (status === "opening") return doing === undefined ? "Opening." : `Opening: ${doing}.`;
  return `Training.${seen}`;
}
