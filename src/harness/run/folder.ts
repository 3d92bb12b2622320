import { createHash } from "node:crypto";
import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { mustBe, UserError } from "../../common/errors.ts";
import { writeFault, writing } from "../../common/faults.ts";
import { makeFolder, writeFileWhole } from "../../common/files.ts";
import { readIfThere } from "../../common/inside.ts";
import { parseJson } from "../../common/json.ts";
import { type Lock, lockFolder } from "../../common/lock.ts";
import type { AnswerRecord, ItemRecord, RunRecord } from "../record.ts";
import { type AttemptLog, openAttempts } from "./attempts.ts";
import { lineFile, wholeLines } from "./lines.ts";

/** Everything of a run that is fixed before its first question. */
export interface RunPlan {
  readonly run: RunRecord;
  readonly items: readonly ItemRecord[];
  /** What the maker of the data should know, a line each. */
  readonly notices: readonly string[];
  /** The templates as they were used, kept beside the answers. */
  readonly prompts: string;
}

/** A run folder held by this process. */
export interface OpenRun {
  readonly folder: string;
  /** Answers that were there before, the last one of each item. */
  readonly answers: readonly AnswerRecord[];
  /** What it was billed for, or may have been. */
  readonly attempts: AttemptLog;
  /** Appends one answer; resolves when it is handed to the system. */
  append(answer: AnswerRecord): Promise<void>;
  /** Flushes to the disk and gives the folder free. */
  close(): Promise<void>;
}

/**
 * Makes a run folder, or goes on with one of the same plan. Throws a `UserError` when another process writes to it, when
 * it was made with other settings (the first that differs is named) or when it holds other files.
 */
export async function openRunFolder(folder: string, plan: RunPlan): Promise<OpenRun> {
  await refuseStranger(folder);
  const open = async () => {
    await makeFolder(folder);
    return lockFolder(folder);
  };
  const lock = await writing(folder, open(), `eval: --out ${folder}`);
  try {
    await writeOrCompare(folder, plan);
    return await openLogs(folder, plan.items, lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

const ownFiles: readonly string[] = [
  "run.json",
  "items.jsonl",
  "answers.jsonl",
  "attempts.jsonl",
  "prompts.json",
  "lock",
];

/** A folder with files that are no run is not written into, nor is anything that files of a run link to. */
async function refuseStranger(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error): Dirent[] => {
    if (error.code === "ENOENT") return [];
    if (error.code === "ENOTDIR") throw mustBe("eval", "--out", "a folder", folder);
    throw writeFault(folder, error, `eval: --out ${folder}`);
  });
  const other = entries.find((entry) => ownFiles.includes(entry.name) && !entry.isFile());
  if (other !== undefined)
    throw new UserError(
      `eval: --out ${folder}: ${other.name} must be a file of the folder, got a link or no file; name another`,
    );
  const names = entries.map(({ name }) => name);
  if (names.length === 0 || names.includes("run.json")) return;
  // A crash between making the folder and run.json leaves only these, and unfinished ones of writeFileWhole.
  const strange = names.find((name) => !ownFiles.includes(name) && !name.endsWith(".tmp"));
  if (strange !== undefined)
    throw new UserError(
      `eval: --out ${folder} is not empty and no run folder (it holds ${strange}); name another`,
    );
}

async function writeOrCompare(folder: string, { run, items, prompts }: RunPlan): Promise<void> {
  const path = join(folder, "run.json");
  const before = await readIfThere(path);
  if (before !== undefined) return compare(path, before, run);
  const lines = items.map((item) => `${JSON.stringify(item)}\n`).join("");
  await writeFileWhole(join(folder, "items.jsonl"), lines);
  await writeFileWhole(join(folder, "prompts.json"), prompts);
  await writeFileWhole(path, `${JSON.stringify(run, null, 2)}\n`); // Last: a folder with run.json is complete.
}

function compare(path: string, before: string, run: RunRecord): void {
  const different = firstDifference(parseJson(before, path) as Record<string, unknown>, { ...run });
  if (different !== undefined) {
    const { name, old, now } = different;
    const what = `${path} has ${name} ${JSON.stringify(old)}, this command ${JSON.stringify(now)}`;
    throw new UserError(
      `eval: ${what}; a run goes on with the settings it began with: repeat them or name another --out`,
    );
  }
}

/** The first setting in which two runs are not the same; the way to their data may differ. */
function firstDifference(old: Record<string, unknown>, now: Record<string, unknown>) {
  for (const name of new Set([...Object.keys(now), ...Object.keys(old)])) {
    const same = name === "data" || JSON.stringify(now[name]) === JSON.stringify(old[name]);
    if (!same) return { name, old: old[name], now: now[name] };
  }
  return undefined;
}

/**
 * The run folder of a plan where the user named none: `folder`, or where a run with other settings is there already (the
 * model was trained on, the data changed), one beside it that is always the same for this plan.
 */
export async function freeRunFolder(folder: string, { run }: RunPlan): Promise<string> {
  const path = join(folder, "run.json");
  const before = await readIfThere(path);
  if (before === undefined) return folder;
  const old = parseJson(before, path) as Record<string, unknown>;
  if (firstDifference(old, { ...run }) === undefined) return folder;
  const { data: _, ...settings } = run;
  return `${folder}-${createHash("sha256").update(JSON.stringify(settings)).digest("hex").slice(0, 8)}`;
}

async function openLogs(folder: string, items: readonly ItemRecord[], lock: Lock): Promise<OpenRun> {
  const path = join(folder, "answers.jsonl");
  const answers = await readAnswers(path, items);
  const attempts = await openAttempts(join(folder, "attempts.jsonl"));
  const file = lineFile(path);
  await file.append();
  return {
    folder,
    answers,
    attempts,
    append: (answer) => file.append(answer),
    async close() {
      await Promise.all([file.close(), attempts.close()]).finally(lock.release);
    },
  };
}

async function readAnswers(path: string, items: readonly ItemRecord[]): Promise<AnswerRecord[]> {
  const known = new Set(items.map(({ id }) => id));
  const answers = new Map<string, AnswerRecord>();
  for (const { text, place } of await wholeLines(path)) {
    const answer = answerOf(text, place);
    if (known.has(answer.id)) answers.set(answer.id, answer);
  }
  return [...answers.values()];
}

function answerOf(line: string, place: string): AnswerRecord {
  try {
    const answer = JSON.parse(line) as AnswerRecord;
    if (typeof answer.id === "string" && typeof answer.text === "string") return answer;
  } catch {
    // Said below.
  }
  throw new UserError(
    `${place}: must be an answer with id and text; remove the line to ask its question again`,
  );
}
