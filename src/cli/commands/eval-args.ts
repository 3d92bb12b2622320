import type { ArgsDef, ParsedArgs } from "citty";
import { type FamilyName, familyNames } from "../../answers/families.ts";
import { UserError } from "../../common/errors.ts";
import { defined } from "../../common/options.ts";
import type { RunOptions } from "../../harness/run/run.ts";
import { numberIn, oneOf } from "../arguments.ts";
import { weightsArg, weightsOf } from "../weights.ts";

export const evalArgs = {
  target: {
    type: "positional",
    required: false,
    description: "task or image folder whose questions are asked; held-out scenes without it",
  },
  model: {
    type: "string",
    description: "model or adapter folder, OWNER/NAME, openai:M, anthropic:M, google:M, URL#M, or a baseline",
  },
  against: { type: "string", description: "a second model: what changed, question by question" },
  data: { type: "string", description: "the same as TARGET" },
  split: {
    type: "string",
    description:
      "held-out | train | all: which part of the data that trained a model; default held-out, all of other data",
  },
  out: { type: "string", description: "run folder; the same command again goes on where it ended" },
  html: { type: "string", description: "write a page with pictures: what was answered rightly and wrongly" },
  long: { type: "boolean", default: false, description: "print every metric and every axis of difficulty" },
  limit: { type: "string", description: "ask only so many questions, chosen by the seed" },
  seed: {
    type: "string",
    default: "0",
    description: "seed of scenes, of that choice, bootstrap and baselines",
  },
  count: { type: "string", description: "scenes to compose where no TARGET is given; default 1000" },
  sources: { type: "string", description: "scenes of these cut-outs: emoji style or folder, by commas" },
  backgrounds: { type: "string", description: "scenes on these photos: a folder" },
  weights: weightsArg("memory"),
  family: { type: "string", description: `prompts and coordinates: ${familyNames.join(", ")}` },
  prompts: { type: "string", description: "another file of prompt templates" },
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

export type EvalArgs = ParsedArgs<typeof evalArgs>;

/** How questions are asked, whoever is asked. */
export type AskOptions = Omit<RunOptions, "data" | "out" | "model"> & { readonly seed: number };

export function askOptions(args: EvalArgs): AskOptions {
  const whole = (option: keyof EvalArgs & string, least = 1) =>
    numberIn("eval", `--${option}`, args[option] as string | undefined, { least });
  const amount = (option: keyof EvalArgs & string) =>
    numberIn("eval", `--${option}`, args[option] as string | undefined, { least: 0, fraction: true });
  const temperature = args.temperature === "default" ? undefined : amount("temperature");
  const timeout = numberIn("eval", "--timeout", args.timeout, { least: 0.001, fraction: true }) as number;
  const concurrency = whole("concurrency");
  return defined({
    family:
      args.family === undefined
        ? undefined
        : (oneOf("eval", "--family", args.family, familyNames) as FamilyName),
    prompts: args.prompts,
    limit: whole("limit"),
    seed: whole("seed", 0) as number,
    concurrency,
    batch: concurrency,
    weights: weightsOf("eval", args.weights),
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

/** TARGET and `--data` are two spellings of one thing. */
export function targetOf(
  command: string,
  { target, data }: { readonly target?: string; readonly data?: string },
): string | undefined {
  if (target !== undefined && data !== undefined && target !== data)
    throw new UserError(`${command}: TARGET ${target} and --data ${data} name two data sets; keep one`);
  return target ?? data;
}
