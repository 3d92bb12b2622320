import { defineCommand } from "citty";
import { mustBe } from "../../common/errors.ts";
import { parseModelRef } from "../../hub/cache.ts";
import { pullModel } from "../../hub/pull.ts";
import { needed, report } from "../arguments.ts";
import { byteProgress } from "../progress.ts";
import { strictArgs } from "../strict.ts";

const pullArgs = {
  model: { type: "positional", required: false, description: "OWNER/NAME or OWNER/NAME@REVISION" },
  revision: { type: "string", description: "branch, tag or commit (default main)" },
  all: {
    type: "boolean",
    default: false,
    description: "download every file, not only those that are needed to open the model",
  },
  json: { type: "boolean", default: false, description: "print one JSON object" },
} as const;

export const pull = defineCommand({
  meta: {
    name: "pull",
    description: "Download a model from the Hugging Face hub into the cache shared with Python.",
  },
  args: pullArgs,
  async run({ args, rawArgs }) {
    strictArgs("pull", rawArgs, pullArgs);
    const given = needed("pull", "MODEL", args.model, "for example: fovea pull OWNER/NAME");
    const ref = parseModelRef(args.revision === undefined ? given : `${given}@${args.revision}`);
    if (ref === undefined) throw mustBe("pull", "MODEL", "OWNER/NAME or OWNER/NAME@REVISION", given);
    const progress = byteProgress(`pull ${ref.name}`);
    try {
      const pulled = await pullModel(ref, { all: args.all, onProgress: progress.at });
      progress.end();
      const size = `${pulled.files.length} files, ${(pulled.bytes / 1e6).toFixed(1)} MB`;
      report(args.json, { model: ref.name, revision: ref.revision, ...pulled }, [
        `${ref.name} at ${pulled.commit.slice(0, 7)}: ${size}`,
        pulled.folder,
      ]);
    } finally {
      progress.end();
    }
  },
});
