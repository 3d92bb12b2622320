import { defineCommand } from "citty";
import { mustBe } from "../../common/errors.ts";
import { modelFolder } from "../../hub/cache.ts";
import { openServed } from "../../serve/served.ts";
import { type RunningServer, startServer } from "../../serve/server.ts";
import { needed, numberIn } from "../arguments.ts";
import { tellModel } from "../model-notes.ts";
import { strictArgs } from "../strict.ts";
import { weightsArg, weightsOf } from "../weights.ts";

const serveArgs = {
  model: { type: "string", description: "model or adapter folder, or OWNER/NAME after fovea pull" },
  weights: weightsArg("memory"),
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
  "max-request-mb": { type: "string", default: "32", description: "largest request in MiB" },
} as const;

export const serveApi = defineCommand({
  meta: { name: "serve-api", description: "Serve a model over an OpenAI-compatible HTTP API." },
  args: serveArgs,
  async run({ args, rawArgs }) {
    strictArgs("serve-api", rawArgs, serveArgs);
    const folder = await modelFolder(needed("serve-api", "--model", args.model));
    const port = numberIn("serve-api", "--port", args.port, { least: 0, most: 65_535 }) as number;
    const mebibytes = numberIn("serve-api", "--max-request-mb", args["max-request-mb"], {
      least: 1,
      most: 1024,
    });
    const apiKey = keyFrom(args["api-key-env"]);
    const weights = weightsOf("serve-api", args.weights);
    const served = await openServed(folder, { weights, ...(args.name !== undefined && { id: args.name }) });
    const server = await startServer(served, {
      port,
      host: args.host,
      maxBody: (mebibytes as number) * 2 ** 20,
      images: { allowUrls: args["allow-image-urls"] },
      ...(apiKey !== undefined && { apiKey }),
      onRequest: (line) => console.error(line),
      onFailure: (error) => console.error(error),
    });
    console.log(`${served.id}: ${server.url}/v1`);
    tellModel("serve-api", served.vlm);
    if (apiKey === undefined && !/^(127\.|\[?::1|localhost)/.test(args.host))
      console.error("fovea: anyone who reaches this address may use it; --api-key-env asks for a key");
    await untilSignal(server);
  },
});

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

/** A runner such as npm passes the Ctrl-C on that its child has had from the terminal already. */
const echo = 500;

/** Ends the server at the first SIGINT or SIGTERM when its answers are done, at the second at once. */
async function untilSignal(server: RunningServer): Promise<void> {
  let first: number | undefined;
  await new Promise<void>((resolve) => {
    const onSignal = () => {
      if (first !== undefined && performance.now() - first > echo) process.exit(130);
      first ??= performance.now();
      resolve();
    };
    process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  });
  await server.close();
}
