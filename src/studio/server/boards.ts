/**
 * Run folders of `fovea eval` over HTTP, under `api/boards/`:
 *
 *     GET  /                                                      -> the table
 *     GET  /answers?row=0&column=0&shown=wrong&from=0&count=24    -> what was asked and said
 *     GET  /picture?...&from=3&side=256                           -> the picture of one of them
 *
 * Folders are looked for anew at every request for the table; what has not changed is not read again.
 */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { type Context, Hono } from "hono";
import { BoundedCache } from "../../common/bounded-cache.ts";
import { mustBe, UserError } from "../../common/errors.ts";
import { loadRun } from "../../harness/leaderboard/load.ts";
import { buildTable, type LoadedRun, type Table } from "../../harness/leaderboard/table.ts";
import { runPicture } from "../../harness/run-pictures.ts";
import { answersOf, type Board, boardOf, type CellPage, showns } from "../page/boards/board.ts";
import { runFolders } from "./data/run-folders.ts";
import { createThumbnails } from "./data/thumbnails.ts";

export interface BoardsAppOptions {
  /** Run folders, or folders that hold some. */
  readonly folders: readonly string[];
}

interface Loaded {
  readonly table: Table;
  readonly skipped: Board["skipped"];
}

/** Runs that are shown. */
const MOST_RUNS = 500;
const MOST_ANSWERS = 200;

export function createBoardsApp({ folders }: BoardsAppOptions): Hono {
  const app = new Hono();
  const runs = new BoundedCache<string, LoadedRun>({ name: "scored runs", limit: MOST_RUNS });
  const thumbnails = createThumbnails();
  let last: Loaded | undefined;
  const load = async (): Promise<Loaded> => {
    last = await loadAll(folders, runs);
    return last;
  };
  app.get("/", async (context) => {
    const { table, skipped } = await load();
    return context.json(boardOf(table, skipped));
  });
  app.get("/answers", async (context) => {
    const { table } = last ?? (await load());
    const { count, answered } = answersOf(table, pageIn(context));
    return context.json({ count, answered });
  });
  app.get("/picture", async (context) => {
    const { table } = last ?? (await load());
    const { answered, runs } = answersOf(table, { ...pageIn(context), count: 1 });
    const [found] = answered;
    if (found === undefined) throw new UserError("boards: no answer has this place");
    const path = await runPicture(runs[0], found.item.image);
    const side = wholeIn(context, "side", 16, 1024);
    const { bytes, type } = await thumbnails.file(path, side, context.req.raw.signal);
    return new Response(bytes, {
      headers: { "Content-Type": type, "Cache-Control": "private, max-age=600" },
    });
  });
  return app;
}

async function loadAll(folders: readonly string[], runs: BoundedCache<string, LoadedRun>): Promise<Loaded> {
  const loaded: LoadedRun[] = [];
  const skipped: { folder: string; problem: string }[] = [];
  for (const root of folders)
    for await (const folder of runFolders(root)) {
      if (loaded.length + skipped.length >= MOST_RUNS) {
        skipped.push({ folder: root, problem: `only the first ${MOST_RUNS} runs are shown` });
        break;
      }
      try {
        loaded.push(await runs.getOrMake(`${folder} ${await changedAt(folder)}`, () => loadRun(folder)));
      } catch (error) {
        skipped.push({ folder, problem: (error as Error).message });
      }
    }
  return { table: buildTable(loaded), skipped };
}

/** Changes when one of the files does. */
async function changedAt(folder: string): Promise<string> {
  const times = ["run.json", "items.jsonl", "answers.jsonl"].map((name) =>
    stat(join(folder, name)).then(
      ({ mtimeMs, size }) => `${mtimeMs} ${size}`,
      () => "none",
    ),
  );
  return (await Promise.all(times)).join(" ");
}

function pageIn(context: Context): CellPage {
  const shown = showns.find((one) => one === context.req.query("shown"));
  if (shown === undefined)
    throw mustBe("boards", "shown", `one of ${showns.join(", ")}`, context.req.query("shown"));
  return {
    row: wholeIn(context, "row", 0, 10_000),
    column: wholeIn(context, "column", 0, 10_000),
    shown,
    from: wholeIn(context, "from", 0, Number.MAX_SAFE_INTEGER),
    count: wholeIn(context, "count", 1, MOST_ANSWERS),
  };
}

function wholeIn(context: Context, name: string, least: number, most: number): number {
  const value = Number(context.req.query(name));
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw mustBe("boards", name, `a whole number from ${least} to ${most}`, context.req.query(name));
}
