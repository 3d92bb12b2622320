/** The command `fovea studio`. */
import { once } from "node:events";
import { defineCommand } from "citty";
import type { Hono } from "hono";
import { mustBe } from "../../common/errors.ts";
import { stopInOrder } from "../../common/signals.ts";
import { isLoopback, nameOf } from "../../serve/hosts.ts";
import type { Setup } from "../../studio/page/studio.ts";
import { newToken } from "../../studio/server/guard.ts";
import { type LocalModel, openLocalModel } from "../../studio/server/local-model.ts";
import { createModelsApp } from "../../studio/server/models.ts";
import {
  type GivenModel,
  givenModels,
  pageModels,
  serverSetup,
  twinSetup,
} from "../../studio/server/setup.ts";
import { type RunningStudio, startStudio } from "../../studio/server/start.ts";
import { siteFolder } from "../../studio/site/site.ts";
import { numberIn, repeatedWhole } from "../arguments.ts";
import { callersFrom } from "../callers.ts";
import { openPage } from "../open-page.ts";
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
  open: {
    type: "boolean",
    default: true,
    description: "open a browser where there is one",
  },
} as const;

/** Letters that tell models apart. */
const mostModels = 4;

const usualPort = 5180;

export const studio = defineCommand({
  meta: { name: "studio", description: "Look through models' eyes, in a page." },
  args: studioArgs,
  async run({ args, rawArgs }) {
    strictArgs("studio", rawArgs, studioArgs, []);
    const port = numberIn("studio", "--port", args.port, { least: 0, most: 65_535 });
    const weights = weightsOf("studio", args.weights);
    const callers = callersFrom("studio", rawArgs);
    const [own, site] = await Promise.all([givenModels(namesFrom(rawArgs)), siteFolder()]);
    const onDeath = (error: Error) => say(`fovea: ${error.message}; a new one is opened`);
    const open = own.map((model) => openLocalModel({ ...model, weights, onDeath }));
    const down = new AbortController();
    const isNear = isLoopback(nameOf(args.host) ?? args.host);
    const token = newToken();
    const running = await startStudio({
      host: args.host,
      port: port ?? usualPort,
      tries: port === undefined ? 20 : 0,
      callers,
      token,
      tokenNeeded: args.token || !isNear,
      site,
      models: pageModels(),
      setup: await setupOf(own),
      parts: partsOf(open, down.signal),
      onFailure: sayFault,
      onClose: async () => void (await Promise.all(open.map((model) => model.close()))),
    });
    await untilEnd({ running, down, token, isNear, opens: args.open });
  },
});

/** The models side by side. Throws a UserError for more than there are letters. */
function namesFrom(rawArgs: readonly string[]): string[] {
  const names = [...repeatedWhole(rawArgs, "model"), ...repeatedWhole(rawArgs, "against")];
  if (names.length <= mostModels) return names;
  throw mustBe("studio", "--model and --against", `at most ${mostModels} models`, names.length);
}

async function setupOf(own: readonly GivenModel[]): Promise<Setup> {
  const models = own.length > 0 ? serverSetup(own) : await twinSetup();
  return { server: true, assets: "ort/", models };
}

function partsOf(models: readonly LocalModel[], down: AbortSignal): Record<string, Hono> {
  return { models: createModelsApp({ models, down, onFailure: sayFault }) };
}

interface Started {
  readonly running: RunningStudio;
  readonly down: AbortController;
  readonly token: string;
  readonly isNear: boolean;
  readonly opens: boolean;
}

async function untilEnd({ running, down, token, isNear, opens }: Started): Promise<void> {
  const address = `${running.url}?token=${token}`;
  print(`Fovea Studio: ${address}`);
  if (!isNear) say("fovea: others can reach this address; whoever has the token sees what Studio sees");
  say("Ctrl-C ends it.");
  if (opens) await openPage(address);
  const stop = stopInOrder();
  if (!stop.signal.aborted) await once(stop.signal, "abort");
  down.abort();
  await running.close();
  stop.release();
}
