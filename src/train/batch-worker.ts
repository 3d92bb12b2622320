// A thread that makes the batches that it is asked for, one after the other.
import { parentPort, workerData } from "node:worker_threads";
import { UserError } from "../common/errors.ts";
import { type HostArray, isLeaf, leavesWithPaths } from "../engine/host.ts";
import { type BatchPlace, batchMaker, type WorkerReply } from "./batches.ts";

const maker = batchMaker(workerData);

parentPort?.on("message", async (place: BatchPlace) => {
  const reply = await maker
    .then(async (make): Promise<WorkerReply> => ({ made: await make(place) }))
    .catch((error: Error): WorkerReply => ({ mistake: error.message, user: error instanceof UserError }));
  const leaves = "made" in reply ? leavesWithPaths(reply.made.batch as never, isLeaf) : [];
  const arrays = leaves.map(([, leaf]) => (leaf as HostArray).data.buffer);
  parentPort?.postMessage(reply, arrays as ArrayBuffer[]);
});
