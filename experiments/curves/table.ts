/**
 * node experiments/curves/table.ts: puts the learning curves into docs/results.md and README.md, as far as there are results,
 * and says of each arm how many seeds and pictures that is.
 */
import { existsSync } from "node:fs";
import { writeFileWhole } from "../../src/common/files.ts";
import { learningSvg } from "../../src/harness/plots/learning-curves.ts";
import { night, nightGround, paper, paperGround } from "../../src/harness/plots/palette.ts";
import { learningFigure } from "../../src/study/figure.ts";
import { labelOf, type RunRecord, readRecord } from "../../src/study/record.ts";
import { reportOfRecords, type StudyReport, type UntilRow } from "../../src/study/report.ts";
import { endTable, shownRatio, shownUntil } from "../../src/study/table.ts";
import { fill, table } from "../pages.ts";
import { plan, resultOf, type Task } from "./plan.ts";

const titles = {
  ntp: "NTP",
  "ntp+lll": "NTP + LLL",
  "ntp+klal": "NTP + KLAL",
  "ntp+lll+klal": "NTP + LLL + KLAL",
} as const;
const arms = Object.entries(titles).map(([name, label]) => ({ name, label }));
const shown = ["accuracy/presence", "accuracy/naming", "accuracy/grid-patch", "lens/iou"];

const found = await Promise.all(
  plan.map(async (run) => {
    const record = existsSync(resultOf(run)) ? await readRecord(resultOf(run)) : undefined;
    const isTrained = record !== undefined && record.points.length > 1;
    return !isTrained ? [] : [{ task: run.task, record }];
  }),
);
const recordsOf = (task: Task) => found.flat().flatMap((one) => (one.task === task ? [one.record] : []));

/** What each arm has of seeds and pictures. */
function basis(report: StudyReport): string {
  const rows = report.arms.map(({ name, seeds, trained }) => [
    titles[name as keyof typeof titles],
    seeds.join(", "),
    trained.toLocaleString("en-GB"),
  ]);
  return table(["loss", "seeds", "pictures of the shortest run"], rows);
}

const untilLabel = ({ key, target }: UntilRow) => `${labelOf(key)} ${Math.round(100 * target)} %`;

function untilTables(report: StudyReport): string {
  const names = report.arms.map(({ name }) => titles[name as keyof typeof titles]);
  const until = report.until.map((row) => [untilLabel(row), ...row.arms.map(shownUntil)]);
  const ratios = report.until.map((row) => [untilLabel(row), ...row.ratios.slice(0, -1).map(shownRatio)]);
  return [
    table(["pictures until", ...names], until),
    table([`times the pictures of ${names[names.length - 1]}`, ...names.slice(0, -1)], ratios),
  ].join("\n\n");
}

function ends(report: StudyReport): string {
  const [head, ...rows] = endTable(report);
  return table([head[0], ...head.slice(1).map((name) => titles[name as keyof typeof titles])], rows);
}

async function draw(records: readonly RunRecord[], keys: readonly string[], name: string): Promise<void> {
  const present = arms.filter((arm) => records.some((record) => record.arm === arm.name));
  const figure = learningFigure(records, present, keys, {
    title: "The same model on the same pictures, with other losses",
    note: "Score on 300 new pictures over pictures seen in training; bands: 95 % intervals over pictures of all seeds.",
  });
  await writeFileWhole(`docs/images/${name}.svg`, learningSvg(figure, paper, paperGround));
  await writeFileWhole(`docs/images/${name}-dark.svg`, learningSvg(figure, night, nightGround));
}

/** For the README: the scores of the figure, next-token prediction against all losses, and what that rests on. */
function headline(report: StudyReport): string {
  const [first, last] = [report.arms[0], report.arms[report.arms.length - 1]];
  const rows = shown.flatMap((key) => {
    const row = report.until.find((one) => one.key === key);
    if (row === undefined) return [];
    return [
      [
        untilLabel(row),
        ...[row.arms[0], row.arms[row.arms.length - 1]].map(shownUntil),
        shownRatio(row.ratios[0]),
      ],
    ];
  });
  const title = ({ name }: StudyReport["arms"][number]) => titles[name as keyof typeof titles];
  const of = (arm: StudyReport["arms"][number]) =>
    `${title(arm)}: ${arm.seeds.length === 1 ? "one seed" : `${arm.seeds.length} seeds`}, ${arm.trained.toLocaleString("en-GB")} pictures`;
  const head = ["pictures seen until", title(first), title(last), "ratio"];
  return `${table(head, rows)}\n\n${of(first)}; ${of(last)}. 95 % intervals.`;
}

const pages: Record<string, string> = {};
const twins = recordsOf("twins");
const report = reportOfRecords(Object.keys(titles), twins);
await draw(twins, shown, "curves");
pages["curves-basis"] = basis(report);
pages["curves-until"] = untilTables(report);
pages["curves-end"] = ends(report);
for (const task of ["line-tracing", "line-intersection"] as const) {
  const records = recordsOf(task);
  if (records.length === 0) pages[`curves-${task}`] = "No run of this task has been scored yet.";
  if (records.length === 0) continue;
  const lines = reportOfRecords(Object.keys(titles), records);
  await draw(records, [`accuracy/${task}`], `curves-${task}`);
  pages[`curves-${task}`] = [basis(lines), untilTables(lines), ends(lines)].join("\n\n");
}
await fill("docs/results.md", pages);
await fill("README.md", { "curves-headline": headline(report) });
console.log(`${found.flat().length} of ${plan.length} runs`);
