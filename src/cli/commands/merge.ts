import { defineCommand } from "citty";
import { mustBe } from "../../common/errors.ts";
import { modelFolder } from "../../hub/cache.ts";
import { mergeAdapter } from "../../models/adapter/merge.ts";
import { needed, report } from "../arguments.ts";
import { strictArgs } from "../strict.ts";

const mergeArgs = {
  adapter: { type: "positional", required: false, description: "PEFT folder, or OWNER/NAME that was pulled" },
  out: { type: "string", description: "folder to make; must not exist yet" },
  base: { type: "string", description: "model to merge into; default the one that the adapter names" },
  json: { type: "boolean", default: false, description: "print one JSON object" },
} as const;

export const merge = defineCommand({
  meta: { name: "merge", description: "Merge a low-rank adapter into its base: a plain model folder." },
  args: mergeArgs,
  async run({ args, rawArgs }) {
    strictArgs("merge", rawArgs, mergeArgs);
    const given = needed(
      "merge",
      "ADAPTER",
      args.adapter,
      "for example: fovea merge out/runs/mine/model --out DIR",
    );
    const out = needed("merge", "--out", args.out);
    const adapter = await modelFolder(given);
    const base = args.base === undefined ? undefined : await modelFolder(args.base);
    const made = await mergeAdapter(adapter, out, base);
    if (made === undefined) throw mustBe("merge", "ADAPTER", "a folder with an adapter_config.json", given);
    report(args.json, { out, ...made }, [
      `merged ${made.layers} layers of ${adapter} into ${made.base}: ${out}`,
    ]);
  },
});
