/** The learning curves of a study as a figure. */
import type { CurvePoint, LearningFigure } from "../harness/plots/learning-curves.ts";
import { estimateOf } from "./compare.ts";
import { labelOf, type Point, type RunRecord } from "./record.ts";
import { hasTarget, targetOf } from "./targets.ts";

/** Panels for the metrics `keys`, lines for the arms in their order. */
export function learningFigure(
  records: readonly RunRecord[],
  arms: readonly { readonly name: string; readonly label?: string }[],
  keys: readonly string[],
  texts: { readonly title: string; readonly note: string },
): LearningFigure {
  const own = arms.map(({ name }) => records.filter(({ arm }) => arm === name));
  const labels = arms.map(
    ({ name, label = name }, i) => `${label} (${own[i].length} ${own[i].length === 1 ? "seed" : "seeds"})`,
  );
  return {
    ...texts,
    arms: labels.map((label, slot) => ({ label, slot })),
    panels: keys.map((key) => ({
      title: labelOf(key),
      ...(hasTarget(key) && { target: targetOf(key) }),
      lines: own.map((runs) => lineOf(runs, key)),
    })),
  };
}

/** The metrics of a figure: of each task, of the lens and of the attention, as far as the records have them. */
export function figureKeys(records: readonly RunRecord[]): string[] {
  const keys = new Set(records.flatMap(({ counts }) => Object.keys(counts)));
  const tasks = [...keys].filter((key) => key.startsWith("accuracy/") && key !== "accuracy/all questions");
  const maps = ["lens/iou", "lens/pointing game", "attention/mass on target"].filter((key) => keys.has(key));
  return [...tasks.slice(0, 5), ...maps];
}

/** Mean over the seeds that have a point, with its interval; before the first step nothing was seen, which no logarithm has. */
function lineOf(runs: readonly RunRecord[], key: string): CurvePoint[] {
  const seen = runs.flatMap(({ points }) => points.map(({ pictures }) => pictures));
  const places = [...new Set(seen)].filter((pictures) => pictures > 0).sort((a, b) => a - b);
  return places.flatMap((pictures) => {
    const there = runs.filter((run) => pointAt(run, pictures) !== undefined);
    const { value, low, high } = estimateOf(there, key, (run) => pointAt(run, pictures) as Point);
    return Number.isNaN(value) ? [] : [{ pictures, value, low, high }];
  });
}

const pointAt = ({ points }: RunRecord, at: number) => points.find(({ pictures }) => pictures === at);
