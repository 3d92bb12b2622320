/** Puts the tables of docs/results.md together from the evaluations that experiments/twins/run.sh made. */
import { existsSync, readFileSync } from "node:fs";
import { addResults } from "../../src/train/report/card.ts";
import { fill, percent, table } from "../pages.ts";

interface Estimate {
  readonly value: number;
  readonly count: number;
  readonly low: number;
  readonly high: number;
}
interface Row {
  readonly group: string;
  readonly name: string;
  readonly layer?: number;
  readonly estimates: readonly Estimate[];
}
interface Scored {
  readonly rows: readonly Row[];
}
/** What `fovea eval --json` says of each task. */
interface Answered {
  readonly tasks: readonly { readonly task: string; readonly accuracy: Estimate }[];
}

const twins = { ntp: "NTP", "ntp-lll": "NTP + LLL", "ntp-klal": "NTP + KLAL", full: "NTP + LLL + KLAL" };
const seeds = [1, 2, 3];
const predicting = "attention of the query that predicts the answer";

const columns: readonly (readonly [title: string, group: string, name: string])[] = [
  ["presence", "accuracy", "presence"],
  ["naming", "accuracy", "naming"],
  ["grid patch", "accuracy", "grid-patch"],
  ["lens IoU", "lens", "iou"],
  ["pointing game", "lens", "pointing game"],
  ["lens presence", "lens", "presence"],
  ["attention on target, last layer", predicting, "mass on target"],
];

/** Answers and maps of one model: FILE.json by `fovea eval`, FILE-probe.json by `fovea probe`. */
function read(file: string): Scored | undefined {
  const [answers, maps] = [`${file}.json`, `${file}-probe.json`];
  if (!existsSync(answers) || !existsSync(maps)) return undefined;
  const { tasks } = JSON.parse(readFileSync(answers, "utf8")) as Answered;
  const accuracy = tasks.map(({ task, accuracy: own }) => ({
    group: "accuracy",
    name: task,
    estimates: [own],
  }));
  return { rows: [...accuracy, ...(JSON.parse(readFileSync(maps, "utf8")) as Scored).rows] };
}

/** The row of the highest layer where a metric is given by layer. */
function find(scored: Scored, group: string, name: string): Estimate | undefined {
  const rows = scored.rows.filter((row) => row.group === group && row.name === name);
  return rows.sort((a, b) => (b.layer ?? 99) - (a.layer ?? 99))[0]?.estimates[0];
}

const withInterval = (e: Estimate | undefined) =>
  e === undefined ? "–" : `${percent(e.value)} [${percent(e.low)}, ${percent(e.high)}]`;

const head = ["loss", ...columns.map(([title]) => title)];

function singleTable(fileOf: (twin: string) => string): string {
  const rows = Object.entries(twins).flatMap(([twin, title]) => {
    const scored = read(fileOf(twin));
    return scored ? [[title, ...columns.map(([, g, n]) => withInterval(find(scored, g, n)))]] : [];
  });
  return table(head, rows);
}

/** 97.5 % point of Student's t with n - 1 degrees of freedom, by n (scipy.stats.t.ppf(0.975, n - 1)). */
const studentT: Readonly<Record<number, number>> = { 2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776 };

/** 95 % interval of the mean over seeds, within [0, 1]. */
function seedInterval(values: readonly number[], mean: number): string {
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  const half = (studentT[values.length] ?? Number.NaN) * Math.sqrt(variance / values.length);
  return `[${percent(Math.max(0, mean - half))}, ${percent(Math.min(1, mean + half))}]`;
}

/** Mean over the seeds with its interval, and the smallest and largest of them. */
function seedTable(): string {
  const rows = Object.entries(twins).map(([twin, title]) => {
    const all = seeds.flatMap((seed) => read(`out/evals/seeds/${twin}-${seed}`) ?? []);
    const cells = columns.map(([, group, name]) => {
      const values = all.flatMap((scored) => find(scored, group, name)?.value ?? []);
      if (values.length === 0) return "–";
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const range = `(${percent(Math.min(...values))} to ${percent(Math.max(...values))})`;
      return `${percent(mean)} ${seedInterval(values, mean)} ${range}`;
    });
    return [`${title}, ${all.length} seeds`, ...cells];
  });
  return table(head, rows);
}

/** The shipped models in one line each, without intervals. */
function headlineTable(): string {
  const rows = Object.entries(twins).flatMap(([twin, title]) => {
    const scored = read(`out/evals/${twin}`);
    if (scored === undefined) return [];
    const cells = columns.map(([, group, name]) => {
      const found = find(scored, group, name);
      return found === undefined ? "–" : percent(found.value);
    });
    return [[twin === "full" ? `**${title}**` : title, ...cells]];
  });
  return table(head, rows);
}

const shipped = (twin: string) => `out/evals/${twin}`;
const noto = (twin: string) => `out/evals/${twin}-noto`;

const pages = {
  "docs/results.md": { shipped: singleTable(shipped), seeds: seedTable(), noto: singleTable(noto) },
  "README.md": { headline: headlineTable() },
};
for (const [page, tables] of Object.entries(pages)) {
  await fill(page, tables);
  console.log(`wrote ${page}`);
}
for (const twin of Object.keys(twins)) {
  if (!existsSync(`checkpoints/${twin}`)) continue;
  const rows = [shipped, noto].flatMap((file, i) => {
    const scored = read(file(twin));
    const name = ["held-out scenes", "Noto drawings, never trained on"][i];
    return scored ? [[name, ...columns.map(([, g, n]) => withInterval(find(scored, g, n)))]] : [];
  });
  const note =
    "Percent, with 95 % intervals; what the columns mean is in docs/results.md of Fovea's repository.";
  await addResults(`checkpoints/${twin}`, `${note}\n\n${table(["", ...head.slice(1)], rows)}`);
}
