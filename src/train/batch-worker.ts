// A thread that makes the batches that it is asked for, one after the other.
import { parentPort, workerData } from "node:worker_threads";
import { UserError } from "../common/errors.ts";
import { type BatchPlace, batchMaker, type WorkerReply } from "./batches.ts";

const maker = batchMaker(workerData);

parentPort?.on("message", async (place: BatchPlace) => {
  const reply = await maker
    .then((make): WorkerReply => ({ made: make(place) }))
    .catch((error: Error): WorkerReply => ({ mistake: error.message, user: error instanceof UserError }));
  const arrays = "made" in reply ? Object.values(reply.made.batch).map(({ data }) => data.buffer) : [];
  parentPort?.postMessage(reply, arrays as ArrayBuffer[]);
});
