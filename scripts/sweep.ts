/**
 * Holds Fovea against what `tests/fixtures/models/sweep.py` wrote: pixel values and ids must be equal, greedy tokens
 * too, and their log-probabilities near.
 *
 *     node scripts/sweep.ts OUT [FOLDER ...]
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readImage } from "../src/hub/image-file.ts";
import { openVlm, type Vlm } from "../src/vlm/open.ts";
import { promptOf, promptRow } from "../src/vlm/prompt.ts";

interface Picture {
  readonly file: string;
  readonly width: number;
  readonly height: number;
  /** What Python said where it refused. */
  readonly error?: string;
  readonly shape: readonly number[];
  readonly sha256: string;
  readonly ids: readonly number[];
  readonly tokens: readonly number[];
  readonly logs: readonly number[];
  /** Least lead of a chosen token over the second best. */
  readonly gap: number;
}

interface Sweep {
  readonly question: string;
  readonly error?: string;
  readonly pictures: readonly Picture[];
}

/** Larger differences of log-probabilities count. */
const tolerance = 2e-4;

const [out, ...chosen] = process.argv.slice(2);
if (out === undefined) throw new Error("usage: sweep.ts OUT [FOLDER ...]");
const folders = chosen.length > 0 ? chosen : readdirSync(out).sort();
let wrong = 0;
let worst = 0;
for (const name of folders) {
  const sweep: Sweep = JSON.parse(readFileSync(join(out, name, "sweep.json"), "utf8"));
  const problems = await problemsOf(join(out, name), sweep);
  wrong += problems.length;
  console.log(`${name}: ${problems.length === 0 ? "equal" : ""}`);
  for (const problem of problems) console.log(`    ${problem}`);
}
console.log(`${wrong} problems, log-probabilities within ${worst.toExponential(1)}`);

async function problemsOf(folder: string, sweep: Sweep): Promise<string[]> {
  let model: Vlm;
  try {
    model = await openVlm(folder);
  } catch (cause) {
    return [`python: ${sweep.error ?? "opens it"}; here: ${(cause as Error).message}`];
  }
  if (sweep.error !== undefined) return [`opens here; python: ${sweep.error}`];
  const problems: string[] = [];
  for (const picture of sweep.pictures) {
    const found = await compared(model, folder, sweep.question, picture).catch((cause: Error) => {
      if (picture.error !== undefined && cause.name === "UserError") return [];
      return [`here: ${cause.name}: ${cause.message}`];
    });
    problems.push(...found.map((problem) => `${picture.width} x ${picture.height}: ${problem}`));
  }
  return problems;
}

async function compared(model: Vlm, folder: string, question: string, want: Picture): Promise<string[]> {
  const prompt = promptOf(model, await readImage(join(folder, want.file)), question);
  const { pixelValues } = prompt.seen;
  if (want.error !== undefined) return [`read here; python: ${want.error}`];
  const found: string[] = [];
  const hash = createHash("sha256").update(new Uint8Array(pixelValues.data.buffer)).digest("hex");
  if (`${pixelValues.shape}` !== `${want.shape}`)
    return [`pixels [${pixelValues.shape}] for [${want.shape}]`];
  if (hash !== want.sha256) found.push("pixel values differ");
  const ids = [...prompt.prefix, ...prompt.question];
  if (`${ids}` !== `${want.ids}`) return [...found, `ids ${ids} for ${want.ids}`];
  const options = { maxNewTokens: want.tokens.length, eosTokenIds: [] };
  const generator = model.family.createGenerator(model.config as never, options);
  const [answer] = await generator.generate(model.params as never, [promptRow(prompt)]);
  await generator.dispose();
  if (`${answer.tokens}` !== `${want.tokens}` && want.gap > tolerance)
    return [...found, `tokens ${answer.tokens} for ${want.tokens}`];
  const by = Math.max(...answer.logProbabilities.map((log, i) => Math.abs(log - want.logs[i])));
  worst = Math.max(worst, by);
  return by < tolerance ? found : [...found, `log-probabilities differ by ${by.toExponential(1)}`];
}
