/**
 * Runs of `fovea train` over HTTP, under `api/runs/`:
 *
 *     GET  /                                     -> { runs, skipped }: what lies below the folder, and what was passed over
 *     GET  /tail/metrics?run=NAME&from=0&file=   -> { text, next, file, more }: whole lines of its metrics.jsonl from a byte on
 *     GET  /tail/probes?run=NAME&from=0&file=    -> the same of its probes.jsonl
 *
 * A page asks again for what has come since: nothing is held open, so a closed tab costs nothing. `file` names the file that
 * `from` counts in; a run that goes on writes it anew, and then its beginning comes. Only files below the folder are read.
 */
import { type Context, Hono } from "hono";
import { UserError } from "../../common/errors.ts";
import { resolveInside } from "../../common/inside.ts";
import { ApiError } from "../../serve/api-error.ts";
import type { Tail } from "../page/learn/run-data.ts";
import { notFound } from "./errors.ts";
import { findRuns } from "./runs/found.ts";
import { tailOf } from "./runs/tail.ts";

export interface RunsAppOptions {
  /** The folder that holds runs, or one run. */
  readonly folder: string;
}

/** Of a file that is not there, or not yet. */
const nothing: Tail = { text: "", next: 0, file: "", more: false };

/** The files that are read of a run, by what they are called in addresses. */
const files = new Map([
  ["metrics", "metrics.jsonl"],
  ["probes", "probes.jsonl"],
]);

export function createRunsApp({ folder }: RunsAppOptions): Hono {
  const app = new Hono();
  app.get("/", async (context) => context.json(await findRuns(folder)));
  app.get("/tail/:kind", async (context) => {
    const name = files.get(context.req.param("kind"));
    if (name === undefined)
      throw notFound(`file ${JSON.stringify(context.req.param("kind").slice(0, 60))} of runs`);
    const found = await resolveInside(folder, `${runIn(context)}/${name}`);
    if (!("path" in found)) {
      if (found.problem === "missing") return context.json(nothing);
      throw new ApiError(`runs: ${name} of this run: ${found.got}`, { status: 404, code: "not_found" });
    }
    return context.json(await tailOf(found.path, fromIn(context), context.req.query("file")));
  });
  return app;
}

function runIn(context: Context): string {
  const run = context.req.query("run");
  if (run === undefined || run === "") throw new UserError("runs: run must be the name of one, got nothing");
  return run;
}

function fromIn(context: Context): number {
  const from = Number(context.req.query("from") ?? 0);
  if (Number.isSafeInteger(from) && from >= 0) return from;
  throw new UserError("runs: from must be a whole number from 0");
}
