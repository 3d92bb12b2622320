/**
 * node tests/walk/main.ts --python PYTHON [--base FOLDER] [--steps N] [--out FOLDER]
 *
 * Walks the way of docs/walkthrough.md with every family (or with one model) and holds the answers of the merged model
 * against Python's transformers, question by question. Ends with 1 where a command fails or an answer differs.
 */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { baseFolder, walkBases } from "./bases.ts";
import { compareWithPython } from "./python.ts";
import { walk } from "./steps.ts";

const { values } = parseArgs({
  options: {
    python: { type: "string" },
    base: { type: "string" },
    steps: { type: "string", default: "20" },
    out: { type: "string" },
  },
});
const out = resolve(values.out ?? (await mkdtemp(join(tmpdir(), "fovea-walk-"))));
const bases = values.base === undefined ? walkBases : [values.base];
let broken = 0;
for (const base of bases) {
  console.log(`\n== ${base}`);
  const folder = join(out, base.replaceAll(/[^\w]+/g, "-"));
  const model = values.base === undefined ? baseFolder(base) : resolve(base);
  const { ran, adapter, merged } = await walk({
    base: model,
    folder,
    steps: Number(values.steps),
    onCommand: (line) => console.log(line),
  });
  for (const { line, code, stderr } of ran)
    if (code !== 0) {
      broken++;
      console.log(`ends with ${code}: ${line}\n${stderr.trim()}`);
    }
  const different = [...adapter].filter(([id, text]) => merged.get(id) !== text);
  console.log(`adapter and merged: ${adapter.size - different.length} of ${adapter.size} answers equal`);
  broken += different.length;
  if (values.python === undefined || merged.size === 0) continue;
  const run = join(folder, "merged-all");
  const { questions, disagreements } = await compareWithPython(
    values.python,
    join(folder, "merged"),
    join(folder, "my-data"),
    run,
  );
  console.log(`Fovea and Python: ${questions - disagreements.length} of ${questions} answers equal`);
  for (const one of disagreements.slice(0, 3)) console.log(JSON.stringify(one));
  broken += disagreements.length;
}
console.log(`\n${broken === 0 ? "all holds" : `${broken} broken`}; everything is in ${out}`);
process.exitCode = broken === 0 ? 0 : 1;
