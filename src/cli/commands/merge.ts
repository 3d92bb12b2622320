/** The command `fovea merge`. */
import { defineCommand } from "citty";
import { mustBe } from "../../common/errors.ts";
import { shellLine } from "../../common/shell.ts";
import { modelFolder } from "../../hub/net/cache.ts";
import { baseOf } from "../../hub/weights/peft-folder.ts";
import { mergeAdapter } from "../../models/adapter/merge.ts";
import { writeMergedCard } from "../../train/report/merged-card.ts";
import { portableCommand } from "../../train/report/portable.ts";
import { needed, report } from "../arguments.ts";
import { byteProgress } from "../progress.ts";
import { strictArgs } from "../strict.ts";

const mergeArgs = {
  adapter: {
    type: "positional",
    required: false,
    description: "PEFT folder, or OWNER/NAME after fovea pull",
  },
  out: { type: "string", valueHint: "FOLDER", description: "folder to create; must not exist yet" },
  base: {
    type: "string",
    valueHint: "MODEL",
    description: "folder or OWNER/NAME of the base model, if it is not where the adapter says",
  },
  json: { type: "boolean", default: false, description: "print one JSON object" },
} as const;

export const merge = defineCommand({
  meta: {
    name: "merge",
    description: "Merge a low-rank adapter into its base model and write a plain model folder.",
  },
  args: mergeArgs,
  async run({ args, rawArgs }) {
    strictArgs("merge", rawArgs, mergeArgs);
    const example = "for example: fovea merge out/runs/mine/model --out DIR";
    const given = needed("merge", "ADAPTER", args.adapter, example);
    const out = needed("merge", "--out", args.out);
    const adapter = await modelFolder(given);
    const progress = byteProgress("merge");
    const made = await mergeAdapter(adapter, out, {
      onProgress: progress.at,
      ...(args.base !== undefined && { base: await modelFolder(args.base) }),
      also: async (temporary) => {
        const base = args.base ?? (await baseOf(adapter));
        const command = portableCommand(["fovea", "merge", ...rawArgs]);
        await writeMergedCard(temporary, { base, adapter: given, out, command });
      },
    }).finally(progress.end);
    if (made === undefined) throw mustBe("merge", "ADAPTER", "a folder with an adapter_config.json", given);
    report(args.json, { out, ...made }, [
      `merged ${made.layers} layers of ${given} into ${made.base}: ${out}`,
      "next:",
      `  ${shellLine(["npx", "fovea", "serve-api", "--model", out])}`,
      `  in Python: the program in ${out}/README.md`,
    ]);
  },
});
