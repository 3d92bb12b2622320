/** Writes the page over many runs. */
import { access, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../common/errors.ts";
import { writeFolderWhole } from "../../common/files.ts";
import { figurePng, figureSvg } from "../plots/figure.ts";
import { failureExamples } from "./examples.ts";
import { loadRuns } from "./load.ts";
import { type Leaderboard, leaderboardHtml } from "./page.ts";
import { comparePairs, type Pair } from "./pairs.ts";
import { columnPlots } from "./plots.ts";
import { buildTable, type Table } from "./table.ts";

export interface LeaderboardOptions {
  readonly title?: string;
  /** Failures shown for each task; default 8. */
  readonly examples?: number;
}

/** Reads run folders, scores them and finds what the page shows. */
export async function makeLeaderboard(
  folders: readonly string[],
  options: LeaderboardOptions = {},
): Promise<Leaderboard> {
  if (folders.length === 0)
    throw new UserError("leaderboard: RUN must be given, got nothing; name one run folder or more");
  const { title = "Leaderboard", examples = 8 } = options;
  const table = buildTable(await loadRuns(folders));
  const tasks = await Promise.all(
    table.columns.map(async (_, place) => ({
      plots: columnPlots(table, place),
      examples: await failureExamples(table, place, examples),
    })),
  );
  return { title, table, tasks, pairs: await comparePairs(table.rows) };
}

/**
 * Writes `index.html`, `leaderboard.json` and `plots/*.svg|png` into a folder, whole or not at all. A
 * leaderboard that is there is replaced; any other folder with files in it is a `UserError`.
 */
export async function writeLeaderboard(out: string, board: Leaderboard): Promise<void> {
  const replace = await access(join(out, "leaderboard.json")).then(
    () => true,
    () => false,
  );
  const write = async (temporary: string) => {
    await writeFile(join(temporary, "index.html"), await leaderboardHtml(board));
    await writeFile(
      join(temporary, "leaderboard.json"),
      `${JSON.stringify(leaderboardData(board), null, 2)}\n`,
    );
    await mkdir(join(temporary, "plots"));
    for (const plot of board.tasks.flatMap(({ plots }) => plots)) {
      const path = join(temporary, "plots", fileName(`${plot.task}-${plot.axis}`));
      await writeFile(`${path}.svg`, figureSvg(plot));
      await writeFile(`${path}.png`, await figurePng(plot));
    }
  };
  await writeFolderWhole(out, write, { replace });
}

/** Task and axis names come from data: nothing but letters, digits and hyphens gets into a path. */
function fileName(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9]+/g, "-").replaceAll(/^-|-$/g, "") || "plot";
}

/** The numbers of the page, without pictures and answers. */
export function leaderboardData({ title, table, pairs }: Leaderboard): LeaderboardData {
  const { columns, rows, baselines, unfinished } = table;
  return {
    version: 1,
    title,
    columns: columns.map(({ baselines: _, ...column }) => column),
    models: rows.map(({ label, family, runs, cells, average, tokens, cost, unparsable, items }) => ({
      label,
      family,
      runs: runs.map(({ folder }) => folder),
      items,
      unparsable,
      tokens,
      cost,
      average: average ?? null,
      tasks: cells.map((cell) => cell?.scores ?? null),
    })),
    baselines,
    unfinished,
    pairs,
  };
}

export interface LeaderboardData {
  readonly version: 1;
  readonly title: string;
  readonly columns: readonly object[];
  readonly models: readonly object[];
  readonly baselines: Table["baselines"];
  readonly unfinished: Table["unfinished"];
  readonly pairs: readonly Pair[];
}
