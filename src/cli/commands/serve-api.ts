/** The command `fovea serve-api`. */
import { once } from "node:events";
import { defineCommand } from "citty";
import { mustBe } from "../../common/errors.ts";
import { stopInOrder } from "../../common/signals.ts";
import { modelFolder } from "../../hub/net/cache.ts";
import { isLoopback, nameOf } from "../../serve/hosts.ts";
import { openServed } from "../../serve/served.ts";
import { type RunningServer, startServer } from "../../serve/server.ts";
import { needed, numberIn } from "../arguments.ts";
import { callersFrom } from "../callers.ts";
import { machineArgs, machineOf } from "../device.ts";
import { tellStandIn } from "../model-notes.ts";
import { patience } from "../patience.ts";
import { print, say, sayFault } from "../say.ts";
import { strictArgs } from "../strict.ts";
import { weightsArg, weightsOf } from "../weights.ts";

const serveArgs = {
  model: { type: "string", description: "model or adapter folder, or OWNER/NAME after fovea pull" },
  weights: weightsArg("memory"),
  ...machineArgs,
  port: { type: "string", default: "8000", description: "port to listen on; 0 picks a free one" },
  host: { type: "string", default: "127.0.0.1", description: "address to listen on" },
  name: { type: "string", description: "name of the model in the API (default: the folder's name)" },
  "api-key-env": {
    type: "string",
    description: "name of the environment variable with the key that clients must send",
  },
  "allow-image-urls": {
    type: "boolean",
    default: false,
    description: "download pictures that requests name by http(s) address",
  },
  "allow-host": {
    type: "string",
    description: "further names by which clients may call the server, as example.com; may be repeated",
  },
  "allow-origin": {
    type: "string",
    description: "pages that may call the server from elsewhere, as https://example.com; may be repeated",
  },
  "max-request-mb": { type: "string", default: "32", description: "largest request in MiB" },
  "max-held-mb": {
    type: "string",
    default: "256",
    description: "MiB of all requests that came and are not answered yet",
  },
  "max-waiting": { type: "string", default: "100", description: "requests that may wait for their turn" },
  "max-text": {
    type: "string",
    description:
      "characters of text in a request (default: 16 for each token of the model's context, at most 1000000)",
  },
  "max-images": { type: "string", default: "64", description: "pictures in a request" },
  "max-megapixels": { type: "string", default: "50", description: "million pixels of a picture" },
} as const;

export const serveApi = defineCommand({
  meta: { name: "serve-api", description: "Serve a model over an OpenAI-compatible HTTP API." },
  args: serveArgs,
  async run({ args, rawArgs }) {
    strictArgs("serve-api", rawArgs, serveArgs);
    const folder = await modelFolder(needed("serve-api", "--model", args.model));
    const whole = (name: Limit, most: number, least = 1) =>
      numberIn("serve-api", `--${name}`, args[name], { least, most });
    const port = whole("port", 65_535, 0) as number;
    const maxBody = (whole("max-request-mb", 1024) as number) * 2 ** 20;
    const maxHeld = Math.max(maxBody, (whole("max-held-mb", 1_000_000) as number) * 2 ** 20);
    const maxPixels = (whole("max-megapixels", 178) as number) * 1e6;
    const [maxText, maxImages] = [whole("max-text", 1e9), whole("max-images", 10_000) as number];
    const callers = callersFrom("serve-api", rawArgs);
    const apiKey = keyFrom(args["api-key-env"]);
    const waiting = patience("serve-api");
    waiting.say(`opening ${folder}`);
    const served = await openServed(folder, {
      weights: weightsOf("serve-api", args.weights),
      machine: machineOf("serve-api", args),
      ...(args.name !== undefined && { id: args.name }),
      maxWaiting: whole("max-waiting", 100_000, 0) as number,
      limits: { maxImages, ...(maxText !== undefined && { maxText }) },
      onDeath: (error) => say(`fovea: ${error.message}; a new one is opened`),
    }).finally(waiting.end);
    const server = await startServer(served, {
      port,
      host: args.host,
      callers,
      maxBody,
      maxHeld,
      images: { allowUrls: args["allow-image-urls"], maxPixels, maxTotalPixels: 4 * maxPixels },
      ...(apiKey !== undefined && { apiKey }),
      onRequest: say,
      onFailure: sayFault,
    }).catch(async (error) => {
      await served.dispose();
      throw error;
    });
    print(`${served.id}: ${server.url}/v1`);
    tellStandIn("serve-api", served.id, served.notes.isStandIn);
    if (apiKey === undefined && !isLoopback(nameOf(args.host) ?? args.host))
      say("fovea: anyone who reaches this address may use it; --api-key-env asks for a key");
    await untilSignal(server);
  },
});

type Limit = Extract<keyof typeof serveArgs, "port" | `max-${string}`>;

/** The key, from the environment only: arguments can be seen by others. */
function keyFrom(name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  const key = process.env[name];
  if (key !== undefined && /^\S+$/.test(key)) return key;
  const got = key === undefined ? "nothing" : "a value that is empty or has spaces";
  throw mustBe(
    "serve-api",
    "--api-key-env",
    "the name of an environment variable that holds a key",
    name,
    got,
  );
}

/** Ends the server at the first signal when its answers are done, at the second at once. */
async function untilSignal(server: RunningServer): Promise<void> {
  const stop = stopInOrder();
  if (!stop.signal.aborted) await once(stop.signal, "abort");
  await server.close();
  stop.release();
}
