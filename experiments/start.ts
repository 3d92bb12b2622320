/** A run's model as it was before the first step, made again from its config. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSource } from "../src/train/batches/source.ts";
import type { TrainConfig } from "../src/train/config/config.ts";
import { startModel } from "../src/train/run/start.ts";

/** Does something with the folder of that model, which is there only meanwhile. */
export async function withStart<T>(config: TrainConfig, use: (folder: string) => Promise<T>): Promise<T> {
  const start = await startModel(config, async () => (await openSource(config)).words, []);
  const temporary = await mkdtemp(join(tmpdir(), "fovea-start-"));
  try {
    const folder = join(temporary, "model");
    await start.save(folder, start.trained);
    return await use(folder);
  } finally {
    await rm(temporary, { recursive: true });
  }
}
