import { readFile } from "node:fs/promises";
import { defineCommand } from "citty";
import { mustBe } from "../../common/errors.ts";
import { modelFolder } from "../../hub/cache.ts";
import { filesByName } from "../../hub/folder.ts";
import { buildLlava } from "../../models/llava/build.ts";
import { llava } from "../../models/llava/family.ts";
import { countParams } from "../../models/llava/params.ts";
import { needed, numberIn, oneOf, report } from "../arguments.ts";
import { strictArgs } from "../strict.ts";

const buildArgs = {
  vision: { type: "string", description: "folder of a CLIP or SigLIP model, or OWNER/NAME that was pulled" },
  language: {
    type: "string",
    description: "folder of a Llama, Mistral, Qwen2 or Qwen3 model, or OWNER/NAME",
  },
  projector: { type: "string", default: "mlp", description: "mlp: two linear layers, GELU between" },
  out: { type: "string", description: "folder for the new model" },
  "feature-layer": { type: "string", description: "hidden state of the tower (-2 for CLIP, -1 for SigLIP)" },
  "chat-template": { type: "string", description: "file; default one that suits the language model" },
  seed: { type: "string", default: "0", description: "of the projector's starting values" },
  dtype: { type: "string", default: "F32", description: "F32 | F16, of the written weights" },
  replace: { type: "boolean", default: false, description: "replace a folder that is there" },
  json: { type: "boolean", default: false, description: "print one JSON object" },
} as const;

export const build = defineCommand({
  meta: {
    name: "build",
    description: "Make a LLaVA of a pretrained vision tower and a pretrained language model.",
  },
  args: buildArgs,
  async run({ args, rawArgs }) {
    strictArgs("build", rawArgs, buildArgs);
    oneOf("build", "--projector", args.projector, ["mlp"]);
    const dtype = oneOf("build", "--dtype", args.dtype, ["F32", "F16"]);
    const out = needed("build", "--out", args.out);
    const template = args["chat-template"];
    const { config, params, files } = await buildLlava({
      vision: await modelFolder(needed("build", "--vision", args.vision)),
      language: await modelFolder(needed("build", "--language", args.language)),
      seed: args.seed,
      featureLayer: featureLayer(args["feature-layer"]),
      chatTemplate: template === undefined ? undefined : await readTemplate(template),
    });
    await llava.save(out, { config, params }, { files: filesByName(files), dtype, replace: args.replace });
    const counts = countParams(llava.specs(config));
    const millions = (count: number) => `${(count / 1e6).toFixed(1)} M`;
    report(args.json, { out, parameters: counts, imageTokenId: config.imageTokenId }, [
      `${out}: ${millions(counts.total)} parameters (vision ${millions(counts.vision)}, projector ` +
        `${millions(counts.projector)}, language ${millions(counts.decoder)})`,
      `train the projector: fovea train --preset projector --set model.from=${out} --set data.folder=...`,
    ]);
  },
});

function featureLayer(text: string | undefined): number | undefined {
  const layer = numberIn("build", "--feature-layer", text?.replace(/^-/, ""), { least: 0 });
  return layer === undefined || !text?.startsWith("-") ? layer : -layer;
}

async function readTemplate(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw mustBe("build", "--chat-template", "a readable file", path, (cause as Error).message);
  }
}
