/** Folders of this machine that the page may look into, and their apps. Nothing outside of them is read. */
import { stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import type { Hono } from "hono";
import { mustBe } from "../../common/errors.ts";
import type { Setup } from "../page/studio.ts";
import { createBoardsApp } from "./boards.ts";
import { createDataApp, dataPlaces } from "./data.ts";
import { createRunsApp } from "./runs.ts";

export interface PlaceOptions {
  /** Data folders, or the tables in them. */
  readonly data: readonly string[];
  /** The folder of training runs. */
  readonly runs?: string;
  /** Run folders of evaluations, or folders that hold some. */
  readonly boards: readonly string[];
}

export interface Places {
  /** By their names under `api/`. */
  readonly parts: Readonly<Record<string, Hono>>;
  readonly setup: Pick<Setup, "data" | "runs" | "boards">;
}

/** Throws a UserError for a folder that is none. */
export async function openPlaces({ data, runs, boards }: PlaceOptions): Promise<Places> {
  const places = (await Promise.all(data.map(dataPlaces))).flat();
  if (runs !== undefined) await mustBeFolder("--runs", runs);
  for (const folder of boards) await mustBeFolder("--boards", folder);
  return {
    parts: {
      ...(places.length > 0 && { data: createDataApp({ places, evaluations: boards }) }),
      ...(runs !== undefined && { runs: createRunsApp({ folder: runs }) }),
      ...(boards.length > 0 && { boards: createBoardsApp({ folders: boards }) }),
    },
    setup: {
      ...(places.length > 0 && { data: places.map(({ name }) => name) }),
      ...(runs !== undefined && { runs: [nameOf(runs)] }),
      ...(boards.length > 0 && { boards: boards.map(nameOf) }),
    },
  };
}

const nameOf = (folder: string) => basename(resolve(folder));

async function mustBeFolder(option: string, path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() !== true) throw mustBe("studio", option, "a folder", path);
}
