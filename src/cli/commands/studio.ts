/** The command `fovea studio`. */
import { join } from "node:path";
import { defineCommand } from "citty";
import open from "open";
import { demoModels } from "../../eval/demo/config.ts";
import { twinsRoot } from "../../eval/demo/twins.ts";
import { startStudio } from "../../studio/server/start.ts";
import { siteFolder } from "../../studio/site/site.ts";
import { numberIn } from "../arguments.ts";
import { say } from "../say.ts";
import { strictArgs } from "../strict.ts";

const studioArgs = {
  port: { type: "string", default: "5180", description: "port to listen on; 0: any free one" },
  host: { type: "string", default: "127.0.0.1", description: "address to listen on" },
  open: {
    type: "boolean",
    default: true,
    description: "open a browser where there is one (--no-open: do not)",
  },
} as const;

export const studio = defineCommand({
  meta: { name: "studio", description: "Look through models' eyes, in a page." },
  args: studioArgs,
  async run({ args, rawArgs }) {
    strictArgs("studio", rawArgs, studioArgs, []);
    const port = numberIn("studio", "--port", args.port, { least: 0 }) ?? 0;
    const root = twinsRoot();
    const models = new Map(demoModels.map(({ folder }, i) => [`${i}`, join(root, folder)]));
    const running = await startStudio({
      host: args.host,
      port,
      site: await siteFolder(),
      models,
      setup: {
        server: true,
        assets: "ort/",
        models: demoModels.map(({ label }, i) => ({
          title: label,
          note: "",
          folder: `models/${i}/`,
          runsIn: "page" as const,
        })),
      },
    });
    say(`Fovea Studio is at ${running.url} (Ctrl-C ends it)`);
    if (args.open) await open(running.url).catch(() => {});
  },
});
