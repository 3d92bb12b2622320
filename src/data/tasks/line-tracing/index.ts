/** Line tracing: which end does a line reach, among others that cross it? */
import { UserError } from "../../../common/errors.ts";
import type { Random } from "../../../common/random.ts";
import type { Drawing, Point, Shape } from "../../drawing/drawing.ts";
import type { Concept, Question } from "../../example.ts";
import { type Drawn, defineDrawnTask } from "../drawn.ts";
import { backgroundShapes, colourNames, ink, type LineColour, lineColours } from "./appearance.ts";
import { benchmark } from "./benchmark.ts";
import { drawLabel, type LabelKind, labelPools, startKind } from "./labels.ts";
import { drawSetting, type LineTracingOptions, lineTracingOptions, type Setting } from "./options.ts";
import { type Tangle, tangle } from "./tangle.ts";

const wordings = [
  "which end does {line} reach ?",
  "follow {line} : where does it end ?",
  "what label is at the other end of {line} ?",
];

/** "which end does line 3 reach ?" -> "B". The region is the line itself, as drawn. */
export const lineTracing = defineDrawnTask({
  description: "follow one line among crossing lines to its end",
  wordings,
  options: lineTracingOptions,
  make,
  words: ({ labels, named }) => [
    ...new Set(labels.flatMap((kind) => [...labelPools[kind], ...labelPools[startKind[kind]]])),
    "line",
    ...(named.includes("colour") ? ["the", ...colourNames] : []),
  ],
  benchmark,
});

function make(random: Random, options: LineTracingOptions): Drawn {
  const setting = drawSetting(random, options);
  const found = tangle(random, setting);
  if (found === undefined) throw undrawable(setting);
  const names = nameLines(random, setting);
  const colours = lineColours(random, setting.colours, found.lines.length);
  const called = (line: number) =>
    setting.named === "colour" ? `the ${colours[line].name} line` : `line ${names.starts[line]}`;
  const others = random.shuffle(Array.from({ length: setting.lines - 1 }, (_, i) => i + 1));
  const asked = [0, ...others].slice(0, options.questions === "all" ? setting.lines : options.questions);
  const wording = random.pick(wordings.slice(0, options.wordings));
  return {
    drawing: picture(random, setting, found, names, colours),
    questions: asked.map((line) => ask(setting, found, names, line, wording.replace("{line}", called(line)))),
    concepts: [...labelConcepts(found, names), ...colourConcepts(setting, found, colours)],
  };
}

function undrawable(setting: Setting): UserError {
  const { size, lines, distractors, crossings, selfCrossings, width } = setting;
  return new UserError(
    `line-tracing: ${lines} lines and ${distractors} distractors with ${crossings} crossings and ${selfCrossings} ` +
      `self-crossings at width ${width} do not fit on ${size} pixels; take a larger size or smaller values`,
  );
}

/** Label of the start and of the end of each labelled line. */
interface Names {
  readonly kinds: readonly [start: LabelKind, end: LabelKind];
  readonly starts: readonly string[];
  readonly ends: readonly string[];
}

/** Two independent uniform permutations, so that neither a label nor a place tells anything about the other end. */
function nameLines(random: Random, { labels, lines }: Setting): Names {
  const kinds = [startKind[labels], labels] as const;
  const [starts, ends] = kinds.map((kind) => random.shuffle(labelPools[kind].slice(0, lines)));
  return { kinds, starts, ends };
}

function ask(
  setting: Setting,
  { lines, counts, labels }: Tangle,
  { kinds, ends }: Names,
  line: number,
  question: string,
): Omit<Question, "task"> {
  const { crossings, selfCrossings, shallow } = counts[line];
  return {
    question,
    answer: ends[line],
    answerType: "label",
    choices: labelPools[kinds[1]].slice(0, setting.lines),
    regions: [{ kind: "polyline", points: fromLabelToLabel(lines[line], line, labels) }],
    difficulty: { ...setting, crossings, selfCrossings, nearTangent: shallow > 0 ? "some" : "none" },
  };
}

/** The line as drawn, and on to the middles of the labels that it joins: without the last there is no answer. */
function fromLabelToLabel(points: readonly Point[], line: number, labels: Tangle["labels"]): Point[] {
  const centre = (end: 0 | 1) =>
    labels.filter((label) => label.line === line && label.end === end).map((l) => l.centre);
  return [...centre(0), ...points, ...centre(1)];
}

/** Every label is a word that shows where it is drawn. */
function labelConcepts({ labels, label }: Tangle, names: Names): Concept[] {
  const half = 0.6 * label;
  return labels.map(({ line, end, centre: [x, y] }) => ({
    word: (end === 0 ? names.starts : names.ends)[line],
    regions: [{ kind: "box", box: [x - half, y - half, x + half, y + half] }],
  }));
}

/** Where lines are called by their colours, each colour is a word that shows along its line. */
function colourConcepts({ named }: Setting, { lines }: Tangle, colours: readonly LineColour[]): Concept[] {
  if (named !== "colour") return [];
  return lines.map((points, line) => ({ word: colours[line].name, regions: [{ kind: "polyline", points }] }));
}

/** Lines in random order over the background, labels on top. */
function picture(
  random: Random,
  setting: Setting,
  { lines, stroke, label, labels }: Tangle,
  names: Names,
  colours: readonly LineColour[],
): Drawing {
  const { background, shapes } = backgroundShapes(random, setting.background, setting.size);
  const strokes = lines.map(
    (points, i): Shape => ({ kind: "line", points, width: stroke, colour: colours[i].rgb }),
  );
  const texts = labels.flatMap(({ line, end, centre }) =>
    drawLabel(names.kinds[end], (end === 0 ? names.starts : names.ends)[line], centre, label, ink),
  );
  return {
    width: setting.size,
    height: setting.size,
    background,
    shapes: [...shapes, ...random.shuffle(strokes), ...texts],
  };
}
