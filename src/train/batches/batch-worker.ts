// A thread that opens a run's data, says what it found, and makes the batches that it is asked for, one after the other.
import { parentPort, workerData } from "node:worker_threads";
import { serialiseError } from "../../common/errors.ts";
import { type HostArray, isLeaf, leavesWithPaths } from "../../engine/host.ts";
import type { WorkerReply } from "./batches.ts";
import { type BatchPlace, openRunData } from "./run-data.ts";

const opened = openRunData(workerData);

const mistakeOf = (error: Error): WorkerReply => ({ mistake: serialiseError(error) });

function send(reply: WorkerReply): void {
  const leaves = "made" in reply ? leavesWithPaths(reply.made.batch, isLeaf) : [];
  const arrays = leaves.map(([, leaf]) => (leaf as HostArray).data.buffer);
  parentPort?.postMessage(reply, arrays as ArrayBuffer[]);
}

parentPort?.on("message", async (place: BatchPlace) => {
  send(
    await opened
      .then(async ({ make }): Promise<WorkerReply> => ({ made: await make(place) }))
      .catch(mistakeOf),
  );
});

send(await opened.then(({ facts }): WorkerReply => ({ facts })).catch(mistakeOf));
