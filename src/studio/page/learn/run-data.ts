/** Runs of `fovea train` as the page has them, from a server or from a folder that somebody dropped: plain data. */
import {
  type EvalLine,
  type MetricsLine,
  readMetricsLine,
  type StepLine,
} from "../../../train/report/metrics-lines.ts";
import { type MapsLine, type ProbePicture, readProbeLine } from "../../../train/report/probe-lines.ts";

export const runStates = ["running", "finished", "stopped"] as const;
export type RunState = (typeof runStates)[number];

/** A value of a setting; lists are written out. */
export type Setting = string | number | boolean | null;

/** A run as a list of runs has it. */
export interface RunFound {
  /** Its folder, from the one that holds all runs. */
  readonly name: string;
  readonly state: RunState;
  /** Steps of its config; undefined where that cannot be read. */
  readonly steps?: number;
  /** Its config, dotted: `train.learningRate`. */
  readonly settings: Readonly<Record<string, Setting>>;
}

/** What could not be shown, and why. */
export interface Skipped {
  readonly name: string;
  readonly reason: string;
}

export interface RunList {
  readonly runs: readonly RunFound[];
  readonly skipped: readonly Skipped[];
}

/** Whole lines of a file from a place on. */
export interface Tail {
  readonly text: string;
  /** Where the next ones begin, in bytes. */
  readonly next: number;
  /** Names the file: with another name it was written anew, and `text` is its beginning. */
  readonly file: string;
  /** Whether more is there already. */
  readonly more: boolean;
}

/** What is read of a run so far. */
export interface RunContent {
  readonly steps: readonly StepLine[];
  readonly evaluations: readonly EvalLine[];
  readonly pictures: readonly ProbePicture[];
  readonly maps: readonly MapsLine[];
  /** Lines that are none of a run's. */
  readonly bad: number;
}

export const noContent: RunContent = { steps: [], evaluations: [], pictures: [], maps: [], bad: 0 };

/** Points of a curve at most: where there are more, every second goes. */
const POINTS = 2000;
/** Moments of a film. */
const MOMENTS = 200;

export function withMetrics(content: RunContent, text: string): RunContent {
  const read = linesOf(text).map(readMetricsLine);
  const known = read.filter((line): line is MetricsLine => line !== undefined);
  const steps = known.filter((line): line is StepLine => line.kind === "step");
  const evaluations = known.filter((line): line is EvalLine => line.kind === "eval");
  return {
    ...content,
    steps: thinned([...content.steps, ...steps], POINTS),
    evaluations: thinned([...content.evaluations, ...evaluations], POINTS),
    bad: content.bad + read.length - known.length,
  };
}

export function withProbes(content: RunContent, text: string): RunContent {
  const read = linesOf(text).map(readProbeLine);
  const pictures = read.findLast((line) => line?.kind === "pictures");
  const maps = read.filter((line): line is MapsLine => line?.kind === "maps");
  return {
    ...content,
    pictures: pictures?.kind === "pictures" ? pictures.pictures : content.pictures,
    maps: thinned([...content.maps, ...maps], MOMENTS),
    bad: content.bad + read.filter((line) => line === undefined).length,
  };
}

const linesOf = (text: string) => text.split("\n").filter((line) => line !== "");

/** At most so many, spread evenly; the first and the last are among them. */
export function thinned<T>(all: readonly T[], most: number): readonly T[] {
  if (all.length <= most) return all;
  return Array.from({ length: most }, (_, i) => all[Math.round((i * (all.length - 1)) / (most - 1))]);
}

/** A parsed config as dotted settings; what is nested too deep or too long is cut. */
export function settingsOf(config: unknown, path = "", depth = 0): Record<string, Setting> {
  if (typeof config !== "object" || config === null || Array.isArray(config) || depth > 6) {
    const plain =
      typeof config === "object" && config !== null ? JSON.stringify(config) : (config as Setting);
    return path === "" ? {} : { [path]: typeof plain === "string" ? plain.slice(0, 200) : plain };
  }
  const parts = Object.entries(config).slice(0, 200);
  return Object.assign(
    {},
    ...parts.map(([key, value]) => settingsOf(value, path === "" ? key : `${path}.${key}`, depth + 1)),
  );
}

/** Settings that are not the same in all runs, in the order of the first that has them. */
export function differing(runs: readonly RunFound[]): string[] {
  const keys = new Set(runs.flatMap(({ settings }) => Object.keys(settings)));
  return [...keys].filter((key) => new Set(runs.map(({ settings }) => settings[key])).size > 1);
}

/** The number of steps in settings. */
export function stepsIn(settings: RunFound["settings"]): number | undefined {
  const steps = settings["train.steps"];
  return typeof steps === "number" && Number.isFinite(steps) ? steps : undefined;
}
