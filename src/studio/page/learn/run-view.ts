/** What is shown of runs: the table's cells, the curves, the film. */

import type { ImageGeometry } from "../../../common/image.ts";
import type { Series } from "../../../elements/curves/series.ts";
import { linearScale, type Scale, shareScale } from "../../../lens/scale.ts";
import { type MapsLine, type ProbePicture, unpackShares } from "../../../train/report/probe-lines.ts";
import { type Letter, letters } from "../studio.ts";
import { differing, type RunContent, type RunFound, type RunList, thinned } from "./run-data.ts";

/** A run that is shown, with its colour. */
export interface ShownRun {
  readonly letter: Letter;
  readonly run: RunFound;
  readonly content: RunContent;
}

/**
 * The runs that an address names, as {@link chosenKey} writes them or as they are; without any, the first ones. At most as many
 * as there are colours.
 */
export function chosenRuns({ runs }: RunList, named: string | undefined): RunFound[] {
  const wanted = named?.split(",");
  const isWanted = ({ name }: RunFound) =>
    wanted === undefined || wanted.includes(name) || wanted.includes(encodeURIComponent(name));
  const chosen = runs.filter(isWanted);
  return chosen.slice(0, letters.length);
}

/** The keys of an address for these runs. */
export function chosenKey(names: readonly string[]): string {
  return names.map(encodeURIComponent).join(",");
}

/** Settings in the table: those that differ, less what only tells runs apart by name. */
export function shownSettings(runs: readonly RunFound[]): string[] {
  return differing(runs).slice(0, 12);
}

export function settingText(value: unknown): string {
  return value === undefined ? "" : value === null ? "none" : String(value);
}

/** "1,200 of 2,000". */
export function stepText({ steps: all }: RunFound, { steps }: RunContent): string {
  const done = (steps.at(-1)?.step ?? 0).toLocaleString("en-GB");
  return all === undefined ? done : `${done} of ${all.toLocaleString("en-GB")}`;
}

export function lossText(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? "" : value.toFixed(3);
}

export interface RunCurves {
  readonly title: string;
  readonly series: readonly Series[];
}

/** A plot for the sum and for each part that some run has: steps as lines, evaluations on held-out data dashed. */
export function runCurves(shown: readonly ShownRun[]): RunCurves[] {
  const parts = new Set(shown.flatMap(({ content }) => Object.keys(content.steps.at(-1)?.parts ?? {})));
  const plot = (
    title: string,
    of: (line: { loss: number; parts: Readonly<Record<string, number>> }) => number,
  ) => ({
    title,
    series: shown.flatMap((run) => seriesOf(run, of)),
  });
  return [
    plot("loss", ({ loss }) => loss),
    ...[...parts].map((name) => plot(name, (line) => line.parts[name] ?? Number.NaN)),
  ];
}

type Line = RunContent["steps"][number] | RunContent["evaluations"][number];

function seriesOf({ letter, content }: ShownRun, of: (line: Line) => number): Series[] {
  const colour = `var(--model-${letter})`;
  const name = letter.toUpperCase();
  const points = (lines: readonly Line[]) => lines.map((line) => [line.step, of(line)] as const);
  const both = [
    { name, colour, points: points(thinned(content.steps, 400)) },
    { name: `${name} held out`, colour, points: points(content.evaluations), dashed: true },
  ];
  return both.filter((series) => series.points.some(([, y]) => Number.isFinite(y)));
}

/** Columns of the film: at most so many moments, the first and the last among them. */
export const COLUMNS = 8;

/** What a run has of a picture, moment by moment. */
export interface FilmRow {
  readonly letter: Letter;
  readonly run: string;
  readonly maps: readonly { readonly step: number; readonly maps: MapsLine["maps"][number] | undefined }[];
}

/** The pictures of all runs, and under each the runs that have it: the same picture stands once. */
export function filmRows(
  shown: readonly ShownRun[],
): readonly { readonly picture: ProbePicture; readonly rows: readonly FilmRow[] }[] {
  const found = new Map<string, { picture: ProbePicture; rows: FilmRow[] }>();
  for (const { letter, run, content } of shown)
    for (const [i, picture] of content.pictures.entries()) {
      const key = JSON.stringify([picture.png, picture.concept, picture.question]);
      const one = found.get(key) ?? { picture, rows: [] };
      found.set(key, one);
      const maps = thinned(content.maps, COLUMNS).map((line) => ({ step: line.step, maps: line.maps[i] }));
      one.rows.push({ letter, run: run.name, maps });
    }
  return [...found.values()];
}

/** A picture's map at one moment. */
export interface FilmMap {
  readonly map: { readonly values: Float32Array; readonly geometry: ImageGeometry; readonly scale: Scale };
  /** "0.83 on it, 0.02 elsewhere"; empty where nobody knows where it is. */
  readonly note: string;
}

const probability = linearScale("probability", 0, 1);

/** The lens of a picture's word, or the attention of its answer; undefined where there is none of this grid. */
export function filmMap(
  { geometry, conceptShares, evidenceShares }: ProbePicture,
  maps: MapsLine["maps"][number] | undefined,
  view: "words" | "answers",
): FilmMap | undefined {
  const packed = view === "words" ? maps?.lens : maps?.attention;
  if (packed === undefined) return undefined;
  const values = unpackShares(packed);
  const N = geometry.grid.rows * geometry.grid.columns;
  if (values.length !== N) return undefined;
  const known = view === "words" ? conceptShares : evidenceShares;
  const shares = known === undefined ? undefined : unpackShares(known);
  const isKnown = shares?.length === N && shares.some((share) => share > 0);
  if (view === "words")
    return { map: { values, geometry, scale: probability }, note: isKnown ? lensNote(values, shares) : "" };
  const answer = maps?.answer || "no answer";
  const note = isKnown ? `${answer}, ${percentOn(values, shares)} % on target` : answer;
  return { map: { values, geometry, scale: shareScale(N) }, note };
}

function lensNote(values: Float32Array, shares: Float32Array): string {
  const threshold = Math.min(0.5, Math.max(...shares));
  const mean = (counts: (share: number) => boolean) => {
    const counted = values.filter((_, n) => counts(shares[n]));
    return counted.length === 0 ? 0 : counted.reduce((a, b) => a + b, 0) / counted.length;
  };
  const [on, off] = [mean((share) => share >= threshold), mean((share) => share === 0)];
  return `${on.toFixed(2)} on it, ${off.toFixed(2)} elsewhere`;
}

function percentOn(values: Float32Array, shares: Float32Array): string {
  const all = values.reduce((a, b) => a + b, 0);
  return (100 * (values.reduce((sum, value, n) => sum + value * shares[n], 0) / all)).toFixed(0);
}
