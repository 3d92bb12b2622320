import type { ArgsDef, ParsedArgs } from "citty";
import { mustBe, UserError } from "../../common/errors.ts";
import { defined } from "../../common/options.ts";
import { baselineAnswers, baselineKinds } from "../../harness/baselines.ts";
import { evaluationData } from "../../harness/data-folder.ts";
import { type FamilyName, familyNames } from "../../harness/families.ts";
import { dryRun, dryRunLines } from "../../harness/run/dry-run.ts";
import { type RunOptions, type RunResult, runModel } from "../../harness/run/run.ts";
import { scoreLines } from "../../harness/score/lines.ts";
import { readRunFolder } from "../../harness/score/read.ts";
import { writeScores } from "../../harness/score/write.ts";
import { needed, numberIn, oneOf, report } from "../arguments.ts";
import { progressLine } from "../progress.ts";
import { runProgress } from "../run-progress.ts";
import { strictArgs } from "../strict.ts";

export const harnessArgs = {
  target: {
    type: "positional",
    required: false,
    description: "task or image folder: ask a model its questions",
  },
  model: {
    type: "string",
    description: "model folder, openai:M, anthropic:M, google:M, URL#M, or a baseline",
  },
  out: { type: "string", description: "run folder; the same command again goes on where it ended" },
  family: { type: "string", description: `prompts and coordinates: ${familyNames.join(", ")}` },
  prompts: { type: "string", description: "another file of prompt templates" },
  limit: { type: "string", description: "ask only so many questions, chosen by the seed" },
  seed: { type: "string", default: "0", description: "seed of that choice and of the baselines" },
  concurrency: { type: "string", description: "questions under way at a time" },
  temperature: { type: "string", default: "0", description: "of remote models; default leaves it out" },
  "max-output-tokens": { type: "string", description: "most tokens of one answer" },
  "base-url": { type: "string", description: "address of the server" },
  "key-env": { type: "string", description: "environment variable that holds the key" },
  timeout: { type: "string", default: "120", description: "seconds that one request may take" },
  retries: { type: "string", default: "6", description: "repetitions after failures that may pass" },
  "requests-per-minute": { type: "string", description: "most requests in a minute" },
  "tokens-per-minute": { type: "string", description: "most tokens in a minute" },
  "max-cost": { type: "string", description: "US dollars that the run may cost" },
  "price-in": { type: "string", description: "US dollars for a million tokens in" },
  "price-out": { type: "string", description: "US dollars for a million tokens out" },
  "dry-run": { type: "boolean", default: false, description: "show one request and the cost, ask nothing" },
  json: { type: "boolean", default: false, description: "print one JSON object" },
} as const satisfies ArgsDef;

type Args = ParsedArgs<typeof harnessArgs>;

/** `fovea eval TASK|FOLDER --model SPEC`: asks every question and scores the answers. */
export async function runHarness(args: Args, rawArgs: readonly string[]): Promise<void> {
  strictArgs("eval", rawArgs, harnessArgs);
  const settings = settingsOf(args);
  const { folder, name } = await evaluationData(args.target as string, (name, count) =>
    progressLine(`eval: making ${name}`, count),
  );
  const out = args.out ?? `out/evals/${name}/${slug(settings.model)}`;
  const options = { ...settings, data: folder, out };
  if (args["dry-run"]) {
    const dry = await dryRun(options);
    return report(args.json, dry, dryRunLines(dry));
  }
  const result = await interruptible((signals) => askWithProgress(options, signals, name, args.json));
  await conclude(result, settings.seed, args.json);
}

function settingsOf(args: Args): Omit<RunOptions, "data" | "out"> & { seed: number } {
  const whole = (option: keyof Args & string, least = 1) =>
    numberIn("eval", `--${option}`, args[option] as string | undefined, { least });
  const amount = (option: keyof Args & string) =>
    numberIn("eval", `--${option}`, args[option] as string | undefined, { least: 0, fraction: true });
  const temperature = args.temperature === "default" ? undefined : amount("temperature");
  const timeout = numberIn("eval", "--timeout", args.timeout, { least: 0.001, fraction: true }) as number;
  const concurrency = whole("concurrency");
  return defined({
    model: needed(
      "eval",
      "--model",
      args.model,
      "a folder, openai:MODEL, anthropic:MODEL, google:MODEL or URL#MODEL",
    ),
    family:
      args.family === undefined
        ? undefined
        : (oneOf("eval", "--family", args.family, familyNames) as FamilyName),
    prompts: args.prompts,
    limit: whole("limit"),
    seed: whole("seed", 0) as number,
    concurrency,
    batch: concurrency,
    temperature,
    maxOutputTokens: whole("max-output-tokens"),
    baseUrl: args["base-url"],
    keyEnv: args["key-env"],
    timeout: Math.ceil(timeout * 1000),
    retries: whole("retries", 0),
    requestsPerMinute: whole("requests-per-minute"),
    tokensPerMinute: whole("tokens-per-minute"),
    maxCost: amount("max-cost"),
    priceIn: amount("price-in"),
    priceOut: amount("price-out"),
  });
}

async function askWithProgress(
  options: RunOptions,
  signals: { readonly stop: AbortSignal; readonly abort: AbortSignal },
  name: string,
  quiet: boolean,
): Promise<RunResult> {
  const line = runProgress(`eval ${name}`, quiet);
  try {
    return await runModel({ ...options, ...signals, onProgress: line.at, onNote: line.note });
  } finally {
    line.end();
  }
}

/** How long questions under way are waited for after Ctrl-C, milliseconds. */
const grace = 5000;

/**
 * Runs `work` with signals that Ctrl-C and a request to end set: the first stops asking and waits a little for what is
 * under way, the second breaks it off.
 */
async function interruptible(
  work: (signals: { stop: AbortSignal; abort: AbortSignal }) => Promise<RunResult>,
): Promise<RunResult> {
  const [stop, abort] = [new AbortController(), new AbortController()];
  let timer: NodeJS.Timeout | undefined;
  const onSignal = (signal: NodeJS.Signals) => {
    process.exitCode = signal === "SIGTERM" ? 143 : 130;
    if (stop.signal.aborted) return abort.abort();
    stop.abort();
    timer = setTimeout(() => abort.abort(), grace);
  };
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  try {
    return await work({ stop: stop.signal, abort: abort.signal });
  } finally {
    clearTimeout(timer);
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
  }
}

/** Prints the scores, or why there are none yet. A run that is not finished ends with a code of its own. */
async function conclude(result: RunResult, seed: number, json: boolean): Promise<void> {
  const { folder, progress, unanswered } = result;
  if (unanswered > 0) {
    const why = result.stopped === undefined ? "some questions have no answer" : endings[result.stopped];
    const tail = result.failure === undefined ? "" : ` (${result.failure})`;
    const message = `eval: ${why}: ${progress.done} of ${progress.total} answered${tail}; the same command goes on`;
    throw new UserError(message, { code: Number(process.exitCode) || 1 });
  }
  const { items, answers } = await readRunFolder(folder);
  const baselines = baselineKinds.map((kind) => ({
    name: kind,
    answers: baselineAnswers(kind, items, seed),
  }));
  const scores = await writeScores(folder, { baselines });
  const unread = answers.filter(({ parsed }) => parsed === null);
  report(json, { folder, ...scores }, [
    ...scoreLines(scores),
    ...unparsableLines(unread),
    ...(progress.cost ? ["", `cost: $${progress.cost.toFixed(2)}`] : []),
    "",
    `answers and scores are in ${folder}`,
  ]);
}

const endings = {
  interrupted: "stopped",
  cost: "stopped before the cost could exceed --max-cost",
  failures: "stopped after failures in a row",
} as const;

/** How many answers could not be read, with a few of them. */
function unparsableLines(unread: readonly { id: string; text: string; problem?: string }[]): string[] {
  if (unread.length === 0) return [];
  const shown = unread.slice(0, 5).map(({ id, text, problem }) => `  ${id}: ${problem}: ${excerpt(text)}`);
  return ["", `${unread.length} answers could not be read and count as wrong:`, ...shown];
}

function excerpt(text: string): string {
  const line = JSON.stringify(text);
  return line.length > 100 ? `${line.slice(0, 100)}...` : line;
}

function slug(model: string): string {
  const name = model.replaceAll(/[^\w.-]+/g, "-").replaceAll(/^[-.]+|-+$/g, "");
  if (name === "") throw mustBe("eval", "--model", "a name", model);
  return name;
}
