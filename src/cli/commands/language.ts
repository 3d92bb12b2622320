/** The command `fovea language`. */
import { defineCommand } from "citty";
import { mustBe } from "../../common/errors.ts";
import { readRegular } from "../../common/inside.ts";
import { languageLines } from "../../eval/language/lines.ts";
import { type LanguageData, measureLanguage } from "../../eval/language/measure.ts";
import { instructions, passages } from "../../eval/language/texts.ts";
import { shortNames } from "../../harness/score/names.ts";
import { modelFolder } from "../../hub/net/cache.ts";
import { openVlm, programCache, type Vlm } from "../../vlm/open.ts";
import { needed, numberIn, report } from "../arguments.ts";
import { machineArgs, machineOf } from "../device.ts";
import { whileWaiting } from "../patience.ts";
import { progressLine } from "../progress.ts";
import { strictArgs } from "../strict.ts";
import { weightsArg, weightsOf } from "../weights.ts";

const languageArgs = {
  model: { type: "string", description: "model or adapter folder, or OWNER/NAME after fovea pull" },
  against: { type: "string", description: "model that it was before: what changed" },
  text: {
    type: "string",
    description: "text file, blank lines between its passages (default: 24 passages that come with Fovea)",
  },
  instructions: {
    type: "string",
    description: "text file, one instruction a line (default: 20 that come with Fovea)",
  },
  "answer-tokens": { type: "string", default: "48", description: "most tokens of an answer" },
  seed: { type: "string", default: "0", description: "seed of the bootstrap" },
  weights: weightsArg("memory"),
  ...machineArgs,
  json: { type: "boolean", default: false, description: "print one JSON object" },
} as const;

export const language = defineCommand({
  meta: {
    name: "language",
    description: "Measure what is left of a model's language: texts, and answers without a picture.",
  },
  args: languageArgs,
  async run({ args, rawArgs }) {
    strictArgs("language", rawArgs, languageArgs);
    const paths = [needed("language", "--model", args.model), ...(args.against ? [args.against] : [])];
    const data = await dataOf(args.text, args.instructions);
    const seed = numberIn("language", "--seed", args.seed, { least: 0 });
    const answerTokens = numberIn("language", "--answer-tokens", args["answer-tokens"], { least: 1 });
    const machine = machineOf("language", args);
    const programs = programCache({ machine });
    const weights = weightsOf("language", args.weights);
    const open = async (path: string) => openVlm(await modelFolder(path), { programs, weights, machine });
    const models: Vlm[] = [];
    for (const path of paths)
      models.push(await whileWaiting("language", `opening ${path}`, () => open(path)));
    const [model, against] = models;
    const progress = progressLine("language", data.texts.length + models.length);
    const options = { answerTokens, seed, onProgress: (done: number) => progress.at(done) };
    const found = await measureLanguage(model, against, data, options).finally(progress.end);
    report(args.json, found, languageLines(found, shortNames(paths)));
  },
});

async function dataOf(text: string | undefined, asked: string | undefined): Promise<LanguageData> {
  return {
    texts: text === undefined ? passages : await partsOf("--text", text, /\n\s*\n/),
    instructions: asked === undefined ? instructions : await partsOf("--instructions", asked, /\n/),
  };
}

/** A file of text is read whole. */
const mostBytes = 16 * 2 ** 20;

async function partsOf(option: string, file: string, between: RegExp): Promise<string[]> {
  const bytes = await readRegular(file, `language: ${option} ${file}`, mostBytes);
  const text = new TextDecoder().decode(bytes).replaceAll("\r\n", "\n");
  const parts = text.split(between).map((part) => part.trim());
  const some = parts.filter((part) => part !== "");
  if (some.length === 0) throw mustBe("language", option, "a file with text", `nothing in ${file}`);
  return some;
}
