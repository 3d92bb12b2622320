/** The command `fovea demo`. */
import { randomInt } from "node:crypto";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { defineCommand } from "citty";
import { mustBe } from "../../common/errors.ts";
import { mustBeWritable, writeFolderWhole } from "../../common/files.ts";
import { demoModels } from "../../eval/demo/config.ts";
import { reportHtml } from "../../eval/demo/html.ts";
import type { DemoReport, ReportMap } from "../../eval/demo/report.ts";
import {
  type DemoResult,
  explainMissing,
  type OwnPicture,
  pictureFolder,
  runDemo,
} from "../../eval/demo/run.ts";
import { twinsRoot } from "../../eval/demo/twins.ts";
import { withInterval } from "../../eval/summary.ts";
import { readImage } from "../../hub/image/image-file.ts";
import { modelFolder } from "../../hub/net/cache.ts";
import { numberIn, report as print, repeated } from "../arguments.ts";
import { machineArgs, machineOf } from "../device.ts";
import { progressLine } from "../progress.ts";
import { say } from "../say.ts";
import { strictArgs } from "../strict.ts";

const demoArgs = {
  image: { type: "positional", required: false, description: "a picture of your own instead of scenes" },
  concept: { type: "string", description: "word to look for in your picture; separate several with commas" },
  question: { type: "string", description: "question about your picture" },
  seed: { type: "string", description: "seed of the scenes (default: a new one each time)" },
  models: {
    type: "string",
    description: "two model folders, separated by a comma (default: the two that come with Fovea)",
  },
  ...machineArgs,
  out: {
    type: "string",
    default: "out/demo",
    description: "folder for the report; an existing one is replaced",
  },
  json: { type: "boolean", default: false, description: "print one JSON object" },
} as const;

export const demo = defineCommand({
  meta: {
    name: "demo",
    description: "Show two models, trained with different losses, side by side on new scenes.",
  },
  args: demoArgs,
  async run({ args, rawArgs }) {
    strictArgs("demo", rawArgs, demoArgs, ["concept", "models"]);
    await mustBeReplaceable(args.out);
    const machine = machineOf("demo", args);
    const seed = numberIn("demo", "--seed", args.seed, { least: 0 }) ?? randomInt(1_000_000);
    const own = args.image === undefined ? undefined : await ownPicture(args.image, rawArgs, args.question);
    const given = await Promise.all(
      repeated(rawArgs, "models").map(async (name) => ({
        folder: await modelFolder(name),
        label: basename(name),
      })),
    );
    const models = given.length > 0 ? given : demoModels;
    const result = await withProgress((onProgress) =>
      runDemo({
        models,
        root: given.length > 0 ? process.cwd() : twinsRoot(),
        seed,
        own,
        machine,
        onProgress,
        onNote: say,
      }),
    ).catch((error) => {
      throw explainMissing(error, models);
    });
    await writeAll(args.out, result);
    print(args.json, { seed, out: args.out, ...plain(result.report) }, linesOf(result.report, args.out));
  },
});

/** An earlier report may go, no other folder: before minutes of work. */
async function mustBeReplaceable(out: string): Promise<void> {
  await mustBeWritable(out, { replace: true, what: `demo: --out ${out}` });
  const names = await readdir(out).catch((): string[] => []);
  if (names.length > 0 && !names.includes("report.json"))
    throw mustBe("demo", "--out", "a new or empty folder, or one that demo wrote", out);
}

async function ownPicture(path: string, rawArgs: readonly string[], question?: string): Promise<OwnPicture> {
  const concepts = repeated(rawArgs, "concept");
  return { name: basename(path), image: await readImage(path), concepts, ...(question && { question }) };
}

/** One line for each model that fills up while it is at work. */
async function withProgress<T>(
  work: (onProgress: (what: string, done: number, total: number) => void) => Promise<T>,
): Promise<T> {
  const lines = new Map<string, ReturnType<typeof progressLine>>();
  try {
    return await work((what, done, total) => {
      const line = lines.get(what) ?? progressLine(what, total);
      lines.set(what, line);
      line.at(done);
      if (done === total) line.end();
    });
  } finally {
    for (const line of lines.values()) line.end();
  }
}

async function writeAll(out: string, { report, files }: DemoResult): Promise<void> {
  await writeFolderWhole(
    out,
    async (folder) => {
      await mkdir(join(folder, pictureFolder));
      for (const [name, png] of files) await writeFile(join(folder, name), png);
      await writeFile(join(folder, "report.json"), `${JSON.stringify(plain(report), null, 1)}\n`);
      await writeFile(join(folder, "index.html"), await reportHtml(report));
    },
    { replace: true },
  );
}

/** The report with file names in place of the pictures. */
function plain(report: DemoReport): object {
  const plainMap = ({ picture, ...map }: ReportMap) => ({ ...map, picture: picture.file });
  const scenes = report.scenes.map(({ picture, blocks, ...scene }) => ({
    ...scene,
    picture: picture.file,
    blocks: blocks.map(({ rows, view: _, ...block }) => ({
      ...block,
      rows: rows.map(({ model, maps }) => ({ model, maps: maps.map(plainMap) })),
    })),
  }));
  return { ...report, scenes };
}

function linesOf({ models, scores, scenes }: DemoReport, out: string): string[] {
  const where = `look at ${join(out, "index.html")} (values in report.json, pictures beside it)`;
  const labels = models.map(({ label }) => label);
  const rows = scores.map(({ label, estimates }) => [label, ...estimates.map((e) => withInterval(label, e))]);
  const answers = scenes.flatMap(({ questions }) =>
    questions.map(({ question, answers: said }) => [
      question,
      ...said.map(({ text }) => text || "(nothing)"),
    ]),
  );
  return [...table([["", ...labels], ...(rows.length > 0 ? rows : answers)]), "", where];
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]))
      .join("   ")
      .trimEnd(),
  );
}
