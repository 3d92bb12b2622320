import { escapeMarkup } from "../../common/markup.ts";
import type { Question } from "../example.ts";

/** How many questions of each task have each value on each axis; the axis "answer" is the answer itself. */
export type Tally = Map<string, Map<string, Map<string | number, number>>>;

export function emptyTally(): Tally {
  return new Map();
}

export function countQuestions(tally: Tally, questions: readonly Question[]): void {
  for (const { task, answer, difficulty = {} } of questions)
    for (const [axis, value] of Object.entries({ answer, ...difficulty })) addTo(tally, task, axis, value, 1);
}

/** Adds another tally to this one. */
export function addTally(tally: Tally, other: Tally): void {
  for (const [task, axes] of other)
    for (const [axis, values] of axes)
      for (const [value, count] of values) addTo(tally, task, axis, value, count);
}

function addTo(tally: Tally, task: string, axis: string, value: string | number, count: number): void {
  const axes = tally.get(task) ?? new Map<string, Map<string | number, number>>();
  tally.set(task, axes);
  const values = axes.get(axis) ?? new Map<string | number, number>();
  axes.set(axis, values);
  values.set(value, (values.get(value) ?? 0) + count);
}

/** Questions by task. */
export function questionCounts(tally: Tally): Record<string, number> {
  const total = (axes: Tally extends Map<string, infer A> ? A : never) =>
    [...(axes.get("answer")?.values() ?? [])].reduce((sum, count) => sum + count, 0);
  return Object.fromEntries([...tally].map(([task, axes]) => [task, total(axes)]));
}

interface Bar {
  readonly label: string;
  readonly count: number;
}

/** Values that are too many for a bar each are put into this many equal ranges. */
const maxBars = 16;

/**
 * The bars of one axis: a value each; ranges of numbers that are many; of many texts the commonest and what is left,
 * undefined where that is most of them.
 */
export function barsOf(values: ReadonlyMap<string | number, number>): Bar[] | undefined {
  const entries = [...values];
  const numeric = entries.every(([value]) => value !== "" && Number.isFinite(Number(value)));
  const sorted = entries.sort(([a], [b]) =>
    numeric ? Number(a) - Number(b) : String(a) < String(b) ? -1 : 1,
  );
  if (sorted.length <= maxBars) return sorted.map(([value, count]) => ({ label: `${value}`, count }));
  if (!numeric) return commonest(entries);
  const [low, high] = [Number(sorted[0][0]), Number(sorted.at(-1)![0])];
  const width = (high - low) / maxBars;
  const counts = new Array<number>(maxBars).fill(0);
  for (const [value, count] of sorted)
    counts[Math.min(maxBars - 1, Math.floor((Number(value) - low) / width))] += count;
  return counts.map((count, i) => ({ label: threeDigits(low + i * width), count }));
}

function commonest(
  entries: readonly (readonly [value: string | number, count: number])[],
): Bar[] | undefined {
  const sorted = [...entries].sort(([, a], [, b]) => b - a);
  const [shown, rest] = [sorted.slice(0, maxBars - 1), sorted.slice(maxBars - 1)];
  const total = (some: typeof sorted) => some.reduce((sum, [, count]) => sum + count, 0);
  if (total(rest) > total(shown)) return undefined;
  const bars = shown.map(([value, count]) => ({ label: `${value}`, count }));
  return [...bars, { label: `${rest.length} others`, count: total(rest) }];
}

function threeDigits(value: number): string {
  return `${Number(value.toPrecision(3))}`;
}

const panel = { width: 300, height: 200, columns: 3, left: 40, right: 12, top: 34, bottom: 64 };

/** The distributions as one SVG picture: a panel of bars for every task and axis. */
export function distributionsSvg(tally: Tally): string {
  const panels = [...tally].flatMap(([task, axes]) =>
    [...axes].flatMap(([axis, values]) => {
      const bars = barsOf(values);
      return bars === undefined ? [] : [{ title: `${task}: ${axis}`, bars }];
    }),
  );
  const width = panel.columns * panel.width;
  const height = Math.ceil(panels.length / panel.columns) * panel.height;
  const open = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="11" fill="#3f3f46">`;
  const drawn = panels.map(({ title, bars }, i) => {
    const x = (i % panel.columns) * panel.width;
    const y = Math.floor(i / panel.columns) * panel.height;
    return `<g transform="translate(${x} ${y})">${panelSvg(title, bars)}</g>`;
  });
  return `${[open, '<rect width="100%" height="100%" fill="#fff"/>', ...drawn, "</svg>"].join("\n")}\n`;
}

function panelSvg(title: string, bars: readonly Bar[]): string {
  const most = Math.max(...bars.map(({ count }) => count));
  const [wide, high] = [panel.width - panel.left - panel.right, panel.height - panel.top - panel.bottom];
  const step = wide / bars.length;
  const longest = Math.max(...bars.map(({ label }) => label.length));
  const slanted = longest * 6.5 + 6 > step; // Labels that would touch.
  const bar = ({ label, count }: Bar, i: number) => {
    const size = (count / most) * high;
    const x = panel.left + i * step;
    const [middle, below] = [hundredths(x + step / 2), panel.height - panel.bottom + 14];
    const place = slanted
      ? `text-anchor="end" font-size="10" transform="translate(${hundredths(x + step / 2 + 3)} ${below - 2}) rotate(-40)"`
      : `text-anchor="middle" x="${middle}" y="${below}"`;
    const rect = `<rect x="${hundredths(x + step * 0.1)}" y="${hundredths(panel.top + high - size)}" width="${hundredths(step * 0.8)}" height="${hundredths(size)}" fill="#2563a8"><title>${escapeMarkup(label)}: ${count}</title></rect>`;
    return `${rect}<text ${place}>${escapeMarkup(label)}</text>`;
  };
  const scale = `<text x="${panel.left - 5}" y="${panel.top + 4}" text-anchor="end">${most}</text><text x="${panel.left - 5}" y="${panel.top + high}" text-anchor="end">0</text>`;
  const base = `<line x1="${panel.left}" x2="${panel.left + wide}" y1="${panel.top + high + 0.5}" y2="${panel.top + high + 0.5}" stroke="#a1a1aa"/>`;
  return `<text x="${panel.left}" y="20" font-weight="600">${escapeMarkup(title)}</text>${scale}${base}${bars.map(bar).join("")}`;
}

function hundredths(value: number): string {
  return `${Math.round(value * 100) / 100}`;
}
