import type { ArgsDef, ParsedArgs } from "citty";
import { type FamilyName, familyNames } from "../../answers/families.ts";
import { UserError } from "../../common/errors.ts";
import { defined } from "../../common/options.ts";
import type { RunOptions } from "../../harness/run/run.ts";
import { numberIn, oneOf } from "../arguments.ts";
import { machineArgs, machineOf } from "../device.ts";
import { verboseArg } from "../verbose.ts";
import { weightsArg, weightsOf } from "../weights.ts";

export const evalArgs = {
  target: {
    type: "positional",
    required: false,
    description: "task or image folder whose questions are asked (default: new scenes)",
  },
  model: {
    type: "string",
    description: "model or adapter folder, OWNER/NAME, openai:M, anthropic:M, google:M, URL#M, or a baseline",
  },
  against: { type: "string", description: "second model to compare with, question by question" },
  data: { type: "string", description: "the same as TARGET" },
  split: {
    type: "string",
    description:
      "part to use of the data that trained the model: held-out | train | all (default: held-out; of other data, all)",
  },
  out: { type: "string", description: "run folder; the same command continues where it stopped" },
  html: { type: "string", description: "write a page with pictures of what was answered right and wrong" },
  long: { type: "boolean", default: false, description: "print every metric and every axis of difficulty" },
  limit: { type: "string", description: "ask at most this many questions, chosen by the seed" },
  seed: {
    type: "string",
    default: "0",
    description: "seed of the scenes, of the choice by --limit, of the bootstrap and of the baselines",
  },
  count: { type: "string", description: "number of scenes where no TARGET is given (default 1000)" },
  sources: {
    type: "string",
    description: "compose scenes from these cut-outs: drawings, stamps or folders, separated by commas",
  },
  backgrounds: {
    type: "string",
    description:
      "compose scenes on the photos of this folder, or on these painted kinds, separated by commas",
  },
  weights: weightsArg("memory"),
  ...machineArgs,
  family: { type: "string", description: `prompts and coordinates: ${familyNames.join(", ")}` },
  prompts: { type: "string", description: "file of prompt templates to use instead" },
  concurrency: { type: "string", description: "questions asked at the same time" },
  temperature: {
    type: "string",
    default: "0",
    description: "temperature of remote models; the word default leaves it to them",
  },
  "max-output-tokens": { type: "string", description: "longest answer in tokens" },
  "base-url": { type: "string", description: "address of the server" },
  "key-env": { type: "string", description: "name of the environment variable that holds the API key" },
  "key-over-http": {
    type: "boolean",
    default: false,
    description: "send the key over a network in the clear, to an http address of another machine",
  },
  timeout: { type: "string", default: "120", description: "longest time for one request, in seconds" },
  retries: {
    type: "string",
    default: "6",
    description: "how often a failed request is repeated when the failure may pass",
  },
  "max-wait": {
    type: "string",
    default: "900",
    description:
      "longest time to wait for a server that turns everything away, in seconds since its last answer",
  },
  "requests-per-minute": { type: "string", description: "most requests per minute" },
  "tokens-per-minute": { type: "string", description: "most tokens per minute" },
  "max-cost": { type: "string", description: "most that the run may cost, in US dollars" },
  "price-in": { type: "string", description: "price of a million input tokens, in US dollars" },
  "price-out": { type: "string", description: "price of a million output tokens, in US dollars" },
  "dry-run": {
    type: "boolean",
    default: false,
    description: "show one request and the estimated cost, and ask nothing",
  },
  verbose: verboseArg,
  json: { type: "boolean", default: false, description: "print one JSON object" },
} as const satisfies ArgsDef;

/** Seconds: timers of Node take no more than 2^31 - 1 milliseconds. */
const longestTimeout = 2_000_000;

export type EvalArgs = ParsedArgs<typeof evalArgs>;

/** How questions are asked, whoever is asked. */
export type AskOptions = Omit<RunOptions, "data" | "out" | "model"> & { readonly seed: number };

export function askOptions(args: EvalArgs): AskOptions {
  const whole = (option: keyof EvalArgs & string, least = 1) =>
    numberIn("eval", `--${option}`, args[option] as string | undefined, { least });
  const amount = (option: keyof EvalArgs & string) =>
    numberIn("eval", `--${option}`, args[option] as string | undefined, { least: 0, fraction: true });
  const temperature = args.temperature === "default" ? undefined : amount("temperature");
  const timeout = numberIn("eval", "--timeout", args.timeout, {
    least: 0.001,
    most: longestTimeout,
    fraction: true,
  }) as number;
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
    machine: machineOf("eval", args),
    temperature,
    maxOutputTokens: whole("max-output-tokens"),
    baseUrl: args["base-url"],
    keyEnv: args["key-env"],
    keyOverHttp: args["key-over-http"],
    timeout: Math.ceil(timeout * 1000),
    retries: whole("retries", 0),
    maxWait: 1000 * (amount("max-wait") as number),
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
