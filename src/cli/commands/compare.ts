/** The command `fovea compare`. */
import { defineCommand } from "citty";
import { compareRuns, comparisonLines } from "../../harness/score/compare.ts";
import { needed, numberIn, report } from "../arguments.ts";
import { whileWaiting } from "../patience.ts";
import { strictArgs } from "../strict.ts";

const compareArgs = {
  a: { type: "positional", valueHint: "RUN_A", required: false, description: "run folder of one model" },
  b: { type: "positional", valueHint: "RUN_B", required: false, description: "run folder of another model" },
  seed: { type: "string", default: "0", description: "seed of the bootstrap" },
  json: { type: "boolean", default: false, description: "print one JSON object" },
} as const;

export const compare = defineCommand({
  meta: {
    name: "compare",
    description: "Compare two runs on the items they share: paired differences and McNemar's exact test.",
  },
  args: compareArgs,
  async run({ args, rawArgs }) {
    strictArgs("compare", rawArgs, compareArgs);
    const hint = "fovea compare RUN_A RUN_B";
    const [a, b] = [needed("compare", "RUN_A", args.a, hint), needed("compare", "RUN_B", args.b, hint)];
    const seed = numberIn("compare", "--seed", args.seed, { least: 0 });
    const comparison = await whileWaiting("compare", "comparing the runs", () => compareRuns(a, b, { seed }));
    report(args.json, comparison, comparisonLines(comparison));
  },
});
