/** Where boards come from: run folders of the server, or of a folder that the visitor opens. */
import { decodeImage } from "#pictures";
import { UserError } from "../../../common/errors.ts";
import { buildTable, type LoadedRun, scoreWithBaselines } from "../../../harness/leaderboard/table.ts";
import { parseRun } from "../../../harness/score/run-files.ts";
import { answered } from "../../models/answered.ts";
import { bitmapOf } from "../data/made-source.ts";
import type { PickedFolder } from "../data/picked.ts";
import { type AnsweredPage, answersOf, type Board, boardOf, type CellPage } from "./board.ts";

export interface BoardSource {
  readonly name: string;
  board(signal?: AbortSignal): Promise<Board>;
  answers(page: CellPage, signal?: AbortSignal): Promise<AnsweredPage>;
  /** The picture of the i-th answer of a page, at most `side` pixels. Throws a `UserError` where it cannot be had. */
  picture(page: CellPage, i: number, side: number, signal?: AbortSignal): Promise<ImageBitmap>;
}

export function serverBoards(): BoardSource {
  const get = (path: string, signal?: AbortSignal) =>
    answered(fetch(`api/boards${path}`, signal ? { signal } : {}), signal);
  const query = (page: CellPage) =>
    new URLSearchParams(Object.entries(page).map(([name, value]) => [name, String(value)])).toString();
  return {
    name: "runs of the server",
    board: async (signal) => (await get("", signal)).json(),
    answers: async (page, signal) => (await get(`/answers?${query(page)}`, signal)).json(),
    async picture(page, i, side, signal) {
      const path = `/picture?${query({ ...page, from: page.from + i, count: 1 })}&side=${side}`;
      return createImageBitmap(await (await get(path, signal)).blob());
    },
  };
}

/** Run folders anywhere below what was opened. Half-written and strange ones are passed over with a reason. */
export async function openedBoards(folder: PickedFolder): Promise<BoardSource> {
  const names = [...folder.files.keys()].filter((path) => /(^|\/)run\.json$/.test(path)).sort();
  if (names.length === 0)
    throw new UserError(
      `${folder.name}: holds no run folder of fovea eval (run.json, items.jsonl, answers.jsonl)`,
    );
  const runs: LoadedRun[] = [];
  const skipped: { folder: string; problem: string }[] = [];
  for (const name of names) {
    const path = name.replace(/\/?run\.json$/, "");
    try {
      runs.push(await openedRun(folder, path));
    } catch (error) {
      skipped.push({ folder: path || folder.name, problem: (error as Error).message });
    }
  }
  const table = buildTable(runs);
  const board = boardOf(table, skipped);
  const page = (given: CellPage) => answersOf(table, given);
  return {
    name: folder.name,
    board: async () => board,
    async answers(given) {
      const { count, answered } = page(given);
      return { count, answered };
    },
    async picture(given, i, side) {
      const { answered, runs } = page({ ...given, from: given.from + i, count: 1 });
      const [run, { item }] = [runs[0], answered[0]];
      const image = await decodeImage(await pictureFile(folder, run, item.image));
      return bitmapOf(image, side);
    },
  };
}

async function openedRun(folder: PickedFolder, path: string): Promise<LoadedRun> {
  const text = async (name: string) => {
    const file = folder.files.get(path === "" ? name : `${path}/${name}`);
    if (file === undefined) throw new UserError(`${name} is missing`);
    return (await file.file()).text();
  };
  const texts = {
    run: await text("run.json"),
    items: await text("items.jsonl"),
    answers: await text("answers.jsonl"),
  };
  const content = parseRun(path || folder.name, texts);
  return { ...content, folder: path, scores: scoreWithBaselines(content), cost: null };
}

/** A picture of the data that was asked, where that lies in what was opened too and is the same data still. */
async function pictureFile(
  folder: PickedFolder,
  { folder: path, run }: LoadedRun,
  image: string,
): Promise<File> {
  const data = joined(path, run.data);
  const rows = data && (folder.files.get(`${data}/metadata.jsonl`) ?? folder.files.get(data));
  const file = data && folder.files.get(`${data.replace(/\/[^/]*\.jsonl$/, "")}/${image}`);
  if (!rows || !file) throw new UserError("the data folder of this run is not in what was opened");
  const hash = await crypto.subtle.digest("SHA-256", await (await rows.file()).arrayBuffer());
  const text = [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  if (text !== run.dataHash) throw new UserError("the data has changed since this run asked of it");
  return file.file();
}

/** A path within what was opened; undefined for one that leads out of it. */
export function joined(folder: string, path: string): string | undefined {
  if (path.startsWith("/")) return undefined;
  const parts: string[] = [];
  for (const part of `${folder}/${path}`.split("/")) {
    if (part === "..") {
      if (parts.pop() === undefined) return undefined;
    } else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts.join("/");
}
