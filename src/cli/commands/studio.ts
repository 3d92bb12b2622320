/** The command `fovea studio`. */
import { once } from "node:events";
import { existsSync } from "node:fs";
import { defineCommand } from "citty";
import { mustBe, UserError } from "../../common/errors.ts";
import { mustBeWritable } from "../../common/files.ts";
import { stopInOrder } from "../../common/signals.ts";
import type { Machine } from "../../engine/runtime/runtime.ts";
import { createApp } from "../../serve/app.ts";
import { isLoopback, nameOf } from "../../serve/hosts.ts";
import { newToken } from "../../studio/server/guard.ts";
import { openLocalModel } from "../../studio/server/local-model.ts";
import { createModelsApp } from "../../studio/server/models.ts";
import { openPlaces } from "../../studio/server/places.ts";
import {
  type GivenModel,
  givenModels,
  otherSetup,
  pageModels,
  serverSetup,
  twinSetup,
} from "../../studio/server/setup.ts";
import { type RunningStudio, startStudio } from "../../studio/server/start.ts";
import { siteFolder } from "../../studio/site/site.ts";
import { writeStaticSite } from "../../studio/site/static-site.ts";
import { numberIn, repeatedWhole } from "../arguments.ts";
import { callersFrom } from "../callers.ts";
import { machineArgs, machineOf } from "../device.ts";
import { openPage } from "../open-page.ts";
import { whileWaiting } from "../patience.ts";
import { print, say, sayFault } from "../say.ts";
import { strictArgs } from "../strict.ts";
import { weightsArg, weightsOf } from "../weights.ts";

const studioArgs = {
  model: {
    type: "string",
    description: "model or adapter folder, or OWNER/NAME after fovea pull (default: two that Fovea ships)",
  },
  against: { type: "string", description: "another model beside it; may be repeated, four in all" },
  weights: weightsArg("memory"),
  ...machineArgs,
  api: {
    type: "boolean",
    default: false,
    description: "answer OpenAI's API with the first of these models, too, under v1/",
  },
  data: { type: "string", description: "data folder to browse and label; may be repeated" },
  runs: { type: "string", description: "folder of training runs to follow (default: out/runs where it is)" },
  boards: {
    type: "string",
    description: "folder of evaluation runs for the leaderboard; may be repeated",
  },
  static: {
    type: "string",
    description: "write the page and small models as a folder for any static host, and end",
  },
  replace: { type: "boolean", default: false, description: "replace that folder" },
  port: {
    type: "string",
    description: "port to listen on; 0: any free one (default: 5180 or the next free)",
  },
  host: { type: "string", default: "127.0.0.1", description: "address to listen on" },
  token: {
    type: "boolean",
    default: false,
    description: "ask for the printed token on this machine too: for machines that several people share",
  },
  "allow-host": {
    type: "string",
    description: "further names by which it may be called, as example.com; may be repeated",
  },
  "allow-origin": {
    type: "string",
    description: "pages that may call it from elsewhere, as https://example.com; may be repeated",
  },
  open: { type: "boolean", default: true, description: "open a browser where there is one" },
} as const;

/** Letters that tell models apart. */
const mostModels = 4;

const usualPort = 5180;

export const studio = defineCommand({
  meta: { name: "studio", description: "Look through models' eyes, in a page." },
  args: studioArgs,
  async run({ args, rawArgs }) {
    strictArgs("studio", rawArgs, studioArgs, []);
    const models = await givenModels(namesFrom(rawArgs));
    if (args.api && models.length === 0)
      throw new UserError("studio: --api needs --model: the shipped models run in the page");
    if (args.static !== undefined) return writeSite(args.static, models, args.replace);
    const port = numberIn("studio", "--port", args.port, { least: 0, most: 65_535 });
    const { host, token: tokenHere } = args;
    await serve(models, {
      ...{ host, tokenHere, opens: args.open, speaks: args.api },
      ...(port !== undefined && { port }),
      weights: weightsOf("studio", args.weights),
      machine: machineOf("studio", args),
      callers: callersFrom("studio", rawArgs),
      data: repeatedWhole(rawArgs, "data"),
      boards: repeatedWhole(rawArgs, "boards"),
      ...runsFrom(args.runs),
    });
  },
});

/** The models side by side. Throws a UserError for more than there are letters. */
function namesFrom(rawArgs: readonly string[]): string[] {
  const names = [...repeatedWhole(rawArgs, "model"), ...repeatedWhole(rawArgs, "against")];
  if (names.length <= mostModels) return names;
  throw mustBe("studio", "--model and --against", `at most ${mostModels} models`, names.length);
}

/** Where runs go when `fovea train` is called as its pages say. */
const usualRuns = "out/runs";

function runsFrom(given: string | undefined): { readonly runs?: string } {
  if (given !== undefined) return { runs: given };
  return existsSync(usualRuns) ? { runs: usualRuns } : {};
}

async function writeSite(out: string, models: readonly GivenModel[], replace: boolean): Promise<void> {
  await mustBeWritable(out, { replace });
  const setup = { models: await twinSetup(), others: await otherSetup() };
  await writeStaticSite(out, { site: await siteFolder(), models, shipped: pageModels(), setup, replace });
  print(`Fovea Studio is in ${out}, for any static server`);
}

interface ServeOptions {
  readonly host: string;
  readonly port?: number;
  readonly tokenHere: boolean;
  readonly opens: boolean;
  readonly speaks: boolean;
  readonly weights: ReturnType<typeof weightsOf>;
  readonly machine: Machine;
  readonly callers: ReturnType<typeof callersFrom>;
  readonly data: readonly string[];
  readonly boards: readonly string[];
  readonly runs?: string;
}

async function serve(given: readonly GivenModel[], options: ServeOptions): Promise<void> {
  const { host, port, weights, machine, callers } = options;
  const [site, places, twins, others] = await Promise.all([
    siteFolder(),
    openPlaces(options),
    twinSetup(),
    otherSetup(),
  ]);
  const onDeath = (error: Error) => say(`fovea: ${error.message}; a new one is opened`);
  const models = given.map((model, i) =>
    openLocalModel({ ...model, weights, machine, onDeath, speaks: options.speaks && i === 0 }),
  );
  const isNear = isLoopback(nameOf(host) ?? host);
  const [down, token] = [new AbortController(), newToken()];
  const opened = () =>
    whileWaiting("studio", `opening ${given[0].folder}`, async () => models[0]?.served?.());
  const served = options.speaks && given.length > 0 ? await opened() : undefined;
  const rules = { host, ...callers };
  const running = await startStudio({
    ...{ host, port: port ?? usualPort, tries: port === undefined ? 20 : 0 },
    ...{ callers, token, tokenNeeded: options.tokenHere || !isNear },
    site,
    models: pageModels(),
    setup: {
      ...{ server: true, assets: "ort/", ...places.setup },
      models: given.length > 0 ? serverSetup(given) : twins,
      others: given.length > 0 ? [...twins, ...others] : others,
    },
    parts: {
      ...places.parts,
      models: createModelsApp({ models, down: down.signal, onFailure: sayFault }),
    },
    ...(served && { api: createApp(served, { callers: rules, down: down.signal, onFailure: sayFault }) }),
    onFailure: sayFault,
    async onClose() {
      await served?.dispose();
      await Promise.all(models.map((model) => model.close()));
    },
  });
  await untilEnd(running, down, { token, isNear, opens: options.opens });
}

interface Welcome {
  readonly token: string;
  /** Whether nobody else can reach it. */
  readonly isNear: boolean;
  readonly opens: boolean;
}

async function untilEnd(running: RunningStudio, down: AbortController, welcome: Welcome): Promise<void> {
  const stop = stopInOrder();
  const address = `${running.url}?token=${welcome.token}`;
  print(`Fovea Studio: ${address}`);
  if (!welcome.isNear)
    say("fovea: others can reach this address; whoever has the token sees what Studio sees");
  say("Ctrl-C ends it.");
  if (welcome.opens) await openPage(address);
  if (!stop.signal.aborted) await once(stop.signal, "abort");
  down.abort();
  await running.close();
  stop.release();
}
