import { defineCommand } from "citty";
import { UserError } from "../../../common/errors.ts";
import { defined } from "../../../common/options.ts";
import { boxUnits, type FormatOptions, type Imported } from "../../../data/public/format.ts";
import { importPublic } from "../../../data/public/import.ts";
import { type FormatName, formatNames, publicFormats } from "../../../data/public/registry.ts";
import type { Ledger } from "../../../data/public/tally.ts";
import { numberIn, oneOf, report } from "../../arguments.ts";
import { patience } from "../../patience.ts";
import { strictArgs } from "../../strict.ts";

const command = "data import";

const importArgs = {
  format: { type: "positional", required: true, description: formatNames.join(", ") },
  path: {
    type: "positional",
    required: true,
    description: "the data file, or a folder of such files",
  },
  out: { type: "string", description: "folder to create; must not exist yet", required: true },
  images: { type: "string", description: "folder of the pictures (default: the data file's own)" },
  split: { type: "string", description: "import this split only (refcoco, pope, imagefolder)" },
  instances: {
    type: "string",
    description: "the instances.json that goes with refs(...).p (default: the one beside it)",
  },
  crowd: { type: "boolean", description: "treat COCO's crowd regions as objects" },
  boxes: {
    type: "string",
    description: `unit of boxes: ${boxUnits.join(", ")} (grounding, imagefolder, jsonl)`,
  },
  cache: {
    type: "string",
    description: "folder that keeps downloaded pictures (default ~/.cache/fovea/pictures)",
  },
  concurrency: { type: "string", description: "downloads at the same time (default 8)" },
  "max-megabytes": { type: "string", description: "size of the largest picture to download (default 50)" },
  limit: { type: "string", description: "import at most this many pictures" },
  strict: { type: "boolean", description: "stop at the first bad row" },
  link: { type: "boolean", description: "hard-link pictures instead of copying them" },
  replace: { type: "boolean", description: "replace an existing folder" },
  json: { type: "boolean", description: "print one JSON object on standard output" },
} as const;

/** `fovea data import FORMAT PATH --out FOLDER` */
export const importData = defineCommand({
  meta: { name: "import", description: "Turn a published data set into an image folder for Fovea." },
  args: importArgs,
  async run({ args, rawArgs }) {
    strictArgs(command, rawArgs, importArgs);
    const name = oneOf(command, "FORMAT", args.format, formatNames);
    const whole = (option: string, text: string | undefined) =>
      numberIn(command, `--${option}`, text, { least: 1 });
    const limit = whole("limit", args.limit);
    const waiting = patience(command);
    const imported = await importPublic(name, args.path, args.out, {
      ...formatOptions(name, args),
      ...(args.images !== undefined && { images: args.images }),
      ...(limit !== undefined && { limit }),
      strict: args.strict ?? false,
      link: args.link ?? false,
      replace: args.replace ?? false,
      onProgress: (rows) => waiting.say(`${rows} rows`),
    }).finally(waiting.end);
    report(args.json ?? false, imported, lines(imported));
  },
});

type FormatArgs = {
  readonly [K in keyof FormatOptions | "max-megabytes"]?: string | boolean | number | undefined;
};

/** The options of the format; one that it would not heed is refused. */
function formatOptions(name: FormatName, args: object): FormatOptions {
  const given = args as FormatArgs;
  const whole = (option: "concurrency" | "max-megabytes") =>
    numberIn(command, `--${option}`, given[option] as string | undefined, { least: 1 });
  const megabytes = whole("max-megabytes");
  const options = defined({
    split: given.split,
    instances: given.instances,
    crowd: given.crowd || undefined,
    boxes: given.boxes === undefined ? undefined : oneOf(command, "--boxes", `${given.boxes}`, boxUnits),
    cache: given.cache,
    concurrency: whole("concurrency"),
    maxBytes: megabytes && megabytes * 1_000_000,
  });
  const known: readonly string[] = publicFormats[name].options;
  const stray = Object.keys(options).find((option) => !known.includes(option));
  if (stray !== undefined) {
    const takes = known.map(optionName).join(", ") || "no options of its own";
    throw new UserError(`${command}: ${optionName(stray)} is not for ${name}, which takes ${takes}`);
  }
  return options as FormatOptions;
}

function optionName(option: string): string {
  return option === "maxBytes" ? "--max-megabytes" : `--${option}`;
}

function lines(imported: Imported): string[] {
  const { folder, images, questions, badRows, firstBad, counts, notes, lists } = imported;
  const tasks = Object.entries(questions).map(([task, count]) => `${count} ${task}`);
  return [
    `imported ${images} pictures into ${folder}: ${tasks.join(", ") || "no questions"}`,
    ...notes,
    ...Object.entries(lists).map(([name, list]) => ledgerLine(name, list)),
    ...Object.entries(counts).map(([what, count]) => `${count} ${what}`),
    ...(badRows > 0
      ? [`${badRows} bad rows left out${badRows > firstBad.length ? ", the first" : ""}:`]
      : []),
    ...firstBad.map((line) => `  ${line}`),
  ];
}

/** "rows: 6 read = 5 used + 1 bad (1 picture)" */
function ledgerLine(name: string, { read, used, leftOut, bad }: Ledger): string {
  const sum = (counts: Ledger["bad"]) => Object.values(counts).reduce((all, count) => all + count, 0);
  const reasons = Object.entries(bad).map(([reason, count]) => `${count} ${reason}`);
  const parts = [
    `${used} used`,
    ...(sum(leftOut) > 0 ? [`${sum(leftOut)} left out`] : []),
    ...(sum(bad) > 0 ? [`${sum(bad)} bad (${reasons.join(", ")})`] : []),
  ];
  return `${name}: ${read} read = ${parts.join(" + ")}`;
}
