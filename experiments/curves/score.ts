/** Scores the checkpoints of a run on held-out pictures, from the untrained start on, into one small file. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type ExampleRef, refOf } from "../../src/data/example.ts";
import { evaluate } from "../../src/eval/evaluate.ts";
import { scenesOf } from "../../src/eval/scenes.ts";
import { pointOf, type RunRecord, readRecord, writeRecord } from "../../src/study/record.ts";
import { batchHash, machineName, weightsHash } from "../../src/study/start.ts";
import { openBatches } from "../../src/train/batches/batches.ts";
import { loadConfig, type TrainConfig } from "../../src/train/config/config.ts";
import { commitOf, currentCommit } from "../../src/train/report/card.ts";
import { checkpointPath, listCheckpoints } from "../../src/train/run/checkpoints.ts";
import { openVlm, programCache } from "../../src/vlm/open.ts";
import { withStart } from "../start.ts";
import type { Run, Task } from "./plan.ts";

/** Held-out pictures: with four questions each on scenes. */
const pictures = 300;
/** The next checkpoint that is scored has at least so many times the steps. */
const spacing = 1.2;

export interface CheckpointScorer {
  /** Scores what is not scored yet; gives how many that were. */
  score(run: Run, folder: string, file: string): Promise<number>;
  close(): Promise<void>;
}

/** `commit`: of Fovea that trained, where a run that is under way has no card yet. */
export function openCheckpointScorer(commit?: string): CheckpointScorer {
  const programs = programCache({ machine: { device: "cpu", precision: "fast", threads: 1 } });
  const examples = new Map<Task, readonly ExampleRef[]>();
  const point = async (run: Run, config: TrainConfig, folder: string, step: number) => {
    const model = await openVlm(folder, { programs });
    const known =
      examples.get(run.task) ?? (await scenesOf(model, config, { count: pictures, seed: 7 })).map(refOf);
    examples.set(run.task, known);
    return pointOf(await evaluate(model, known), step, step * config.train.batchSize);
  };
  return {
    async score(run, folder, file) {
      if (!existsSync(join(folder, "config.yaml"))) return 0;
      const config = await loadConfig({ file: join(folder, "config.yaml") });
      let record = await readRecord(file);
      let done = 0;
      const add = async ({ point, counts }: ReturnType<typeof pointOf>, start: RunRecord["start"]) => {
        const points = [...(record?.points ?? []), point].sort((a, b) => a.step - b.step);
        record = { ...(record ?? { ...(await headOf(run, folder, commit)), start, counts }), points };
        await writeRecord(file, { ...record, steps: points[points.length - 1].step });
        done++;
      };
      if (record === undefined)
        await withStart(config, async (start) =>
          add(await point(run, config, start, 0), await startOf(config, start)),
        );
      for (const step of chosenSteps(await listCheckpoints(folder))) {
        if (record?.points.some((one) => one.step === step)) continue;
        const found = await point(run, config, checkpointPath(folder, step), step);
        await add(found, { params: "", batches: [] });
        console.log(`${run.name} ${step}`);
      }
      return done;
    },
    close: () => programs.dispose(),
  };
}

/** Apart by logarithm; the same whatever came after them, so that seeds have the same points. */
export function chosenSteps(checkpoints: readonly number[]): number[] {
  const chosen: number[] = [];
  for (const step of checkpoints)
    if (chosen.length === 0 || step >= spacing * chosen[chosen.length - 1]) chosen.push(step);
  return chosen;
}

async function headOf(run: Run, folder: string, given: string | undefined) {
  const card = await readFile(join(folder, "model", "README.md"), "utf8").catch(() => "");
  const commit = commitOf(card) ?? given ?? (await currentCommit());
  return { version: 1, arm: run.arm, seed: run.seed, commit, machine: machineName(), steps: 1 } as const;
}

/** Hashes of the model before the first step and of the first batches. */
async function startOf(config: TrainConfig, folder: string): Promise<RunRecord["start"]> {
  const unprepared = { ...config, train: { ...config.train, prefetch: 0 } };
  const batches = await openBatches({ config: unprepared, losses: [], folder: "." }, 0);
  try {
    const first: string[] = [];
    for (const step of [0, 1, 2])
      first.push(batchHash([await batches.take({ kind: "train", step, micro: 0 })]));
    return { params: await weightsHash(folder), batches: first };
  } finally {
    await batches.close();
  }
}
