/** The command `fovea build`. */
import { readFile } from "node:fs/promises";
import { defineCommand } from "citty";
import { mustBe } from "../../common/errors.ts";
import { isGguf } from "../../hub/gguf/open.ts";
import { modelFolder } from "../../hub/net/cache.ts";
import { floatTypes } from "../../hub/weights/tensor-stream.ts";
import { type LlavaPlan, planLlava, writeLlava } from "../../models/build/build.ts";
import { llava } from "../../models/llava/family.ts";
import { countParams } from "../../models/llava/params.ts";
import { needed, numberIn, oneOf, report } from "../arguments.ts";
import { byteProgress } from "../progress.ts";
import { strictArgs } from "../strict.ts";

const buildArgs = {
  vision: {
    type: "string",
    valueHint: "MODEL",
    description:
      "where the vision tower comes from: a CLIP or SigLIP model, or any VLM that has such a tower (LLaVA, PaliGemma, Idefics3, SmolVLM); a folder, or OWNER/NAME after fovea pull",
  },
  language: {
    type: "string",
    valueHint: "MODEL",
    description:
      "where the language model comes from: a Llama, Mistral, Qwen2, Qwen3, Gemma or Gemma 2 model, or any VLM that Fovea opens; a folder, OWNER/NAME after fovea pull, or a GGUF file (Llama, Mistral, Qwen2, Qwen3)",
  },
  projector: {
    type: "string",
    default: "mlp",
    description: "the only kind is mlp: two linear layers with a GELU between them",
  },
  out: { type: "string", valueHint: "FOLDER", description: "folder for the new model" },
  "feature-layer": {
    type: "string",
    description:
      "hidden state of the tower that the projector reads (default: what the tower's own LLaVA reads, otherwise -2 for CLIP and -1 for SigLIP)",
  },
  "chat-template": {
    type: "string",
    valueHint: "FILE",
    description:
      "chat template to use (default: the language model's own if it writes images, otherwise one that suits it)",
  },
  seed: { type: "string", default: "0", description: "seed of the projector's starting values" },
  dtype: {
    type: "string",
    valueHint: "TYPE",
    description: `element type of all weights: ${floatTypes.join(", ")} (default: each half keeps its own)`,
  },
  replace: { type: "boolean", default: false, description: "replace the folder if it already exists" },
  json: { type: "boolean", default: false, description: "print one JSON object" },
} as const;

export const build = defineCommand({
  meta: {
    name: "build",
    description: "Make a LLaVA from a pretrained vision tower and a pretrained language model.",
  },
  args: buildArgs,
  async run({ args, rawArgs }) {
    strictArgs("build", rawArgs, buildArgs);
    oneOf("build", "--projector", args.projector, ["mlp"]);
    const out = needed("build", "--out", args.out);
    const plan = await planLlava({
      vision: await half(needed("build", "--vision", args.vision)),
      language: await half(needed("build", "--language", args.language)),
      seed: args.seed,
      ...(args.dtype !== undefined && { dtype: oneOf("build", "--dtype", args.dtype, floatTypes) }),
      featureLayer: featureLayer(args["feature-layer"]),
      chatTemplate: await readTemplate(args["chat-template"]),
    });
    await written(plan, out, args.replace);
    const { config } = plan;
    const counts = countParams(llava.bind(config).specs);
    const millions = (count: number) => `${(count / 1e6).toFixed(1)} M`;
    report(args.json, { out, parameters: counts, imageTokenId: config.imageTokenId }, [
      `${out}: ${millions(counts.total)} parameters (vision ${millions(counts.vision)}, projector ` +
        `${millions(counts.projector)}, language ${millions(counts.decoder)})`,
      `train the projector: fovea train --preset projector --model ${out} --data FOLDER --out RUN`,
    ]);
  },
});

/** A GGUF file is one of this machine. */
async function half(given: string): Promise<string> {
  return isGguf(given) ? given : modelFolder(given);
}

async function written(plan: LlavaPlan, out: string, replace: boolean): Promise<void> {
  const progress = byteProgress("build");
  try {
    await writeLlava(plan, out, { replace, onProgress: progress.at });
  } finally {
    progress.end();
  }
}

function featureLayer(text: string | undefined): number | undefined {
  const layer = numberIn("build", "--feature-layer", text?.replace(/^-/, ""), { least: 0 });
  return layer === undefined || !text?.startsWith("-") ? layer : -layer;
}

async function readTemplate(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw mustBe("build", "--chat-template", "a readable file", path, (cause as Error).message);
  }
}
