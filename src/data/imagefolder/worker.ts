import { parentPort, workerData } from "node:worker_threads";
import { serialiseError } from "../../common/errors.ts";
import { chunkMaker, type Range } from "./chunk.ts";
import type { Reply } from "./pool.ts";
import { openRecipe } from "./recipe.ts";

// A thread that composes and writes the ranges that it is sent.
const maker = openRecipe(workerData.recipe).then(({ make }) => chunkMaker(make, workerData.folder));

parentPort?.on("message", (range: Range) => {
  maker
    .then((make) => make(range))
    .then(
      (chunk): Reply => ({ chunk }),
      (error: Error): Reply => ({ mistake: serialiseError(error) }),
    )
    .then((reply) => parentPort?.postMessage(reply));
});
