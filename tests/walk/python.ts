/** The answers of Python's transformers to the questions of a run, with the model's own processor. */
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { planRun } from "../../src/harness/run/plan.ts";
import { readRunFolder } from "../../src/harness/score/read.ts";

/** A question to which the two answer differently. */
export interface Disagreement {
  readonly id: string;
  readonly fovea: string;
  readonly python: string;
  readonly tokens: readonly [fovea: number | undefined, python: number];
}

export interface Agreement {
  readonly questions: number;
  readonly disagreements: readonly Disagreement[];
}

/**
 * Asks `model` in Python what the run in `runFolder` asked it here about the pictures of `data`: the same words, as many
 * new tokens as the answer had here and, where it ended by itself, some more.
 */
export async function compareWithPython(
  python: string,
  model: string,
  data: string,
  runFolder: string,
): Promise<Agreement> {
  const { items, answers } = await readRunFolder(runFolder);
  const plan = await planRun({ data, model, out: runFolder });
  if (plan.kind !== "model") throw new Error(`${model} is no model`);
  const { chosen, provider } = plan;
  const said = new Map(answers.map((answer) => [answer.id, answer]));
  const asks = items.map((item) => {
    const { outputTokens = 0, problem = "" } = said.get(item.id) ?? {};
    const tokens = Math.max(1, problem.startsWith("cut off") ? outputTokens : outputTokens + 8);
    return { id: item.id, image: resolve(data, item.image), prompt: chosen.prompt(item), tokens };
  });
  await provider.close();
  const file = join(runFolder, "asks.jsonl");
  await writeFile(file, asks.map((ask) => `${JSON.stringify(ask)}\n`).join(""));
  const script = fileURLToPath(new URL("./generate.py", import.meta.url));
  const { stdout } = await promisify(execFile)(python, [script, model, file], { maxBuffer: 1 << 26 });
  const theirs = stdout.split("\n").filter((line) => line.startsWith("{"));
  const disagreements = theirs
    .map((line) => JSON.parse(line) as { id: string; text: string; inputTokens: number })
    .flatMap(({ id, text, inputTokens }) => {
      const own = said.get(id);
      if (own?.text === text && own.inputTokens === inputTokens) return [];
      return [{ id, fovea: own?.text ?? "", python: text, tokens: [own?.inputTokens, inputTokens] as const }];
    });
  if (theirs.length !== items.length)
    throw new Error(`Python answered ${theirs.length} of ${items.length} questions`);
  return { questions: items.length, disagreements };
}
