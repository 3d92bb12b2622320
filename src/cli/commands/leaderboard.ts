/** The command `fovea leaderboard`. */
import { defineCommand } from "citty";
import { importOptional } from "../../common/optional.ts";
import { tableLines } from "../../harness/leaderboard/lines.ts";
import { needed, numberIn, report } from "../arguments.ts";
import { whileWaiting } from "../patience.ts";
import { strictArgs } from "../strict.ts";

const leaderboardArgs = {
  run: {
    type: "positional",
    valueHint: "RUN...",
    required: false,
    description: "one or more run folders written by fovea eval",
  },
  out: { type: "string", description: "folder for the page, its plots and its numbers" },
  title: { type: "string", default: "Leaderboard", description: "heading of the page" },
  examples: { type: "string", default: "8", description: "number of failures shown for each task" },
  json: { type: "boolean", default: false, description: "print one JSON object" },
} as const;

export const leaderboard = defineCommand({
  meta: {
    name: "leaderboard",
    description: "Make a page from run folders: table, plots by difficulty, tests, and pictures of failures.",
  },
  args: leaderboardArgs,
  async run({ args, rawArgs }) {
    const folders = args._;
    const places = folders.map((_, i) => [`run ${i + 1}`, { type: "positional" as const }]);
    strictArgs("leaderboard", rawArgs, { ...leaderboardArgs, ...Object.fromEntries(places) });
    const out = needed("leaderboard", "--out", args.out, "the folder to write");
    const examples = numberIn("leaderboard", "--examples", args.examples, { least: 0, most: 100 });
    const write = await importOptional(() => import("../../harness/leaderboard/write.ts")); // It needs charts.
    const board = await whileWaiting("leaderboard", "comparing the runs", async () => {
      const made = await write.makeLeaderboard(folders, { title: args.title, examples });
      await write.writeLeaderboard(out, made);
      return made;
    });
    report(args.json, { out, ...write.leaderboardData(board) }, [
      ...tableLines(board.table),
      "",
      `page, plots and numbers are in ${out}`,
    ]);
  },
});
