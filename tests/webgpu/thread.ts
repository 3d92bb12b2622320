/** A thread of its own, as a server's models have: trains for two steps on the device that it is given. */
import { parentPort, workerData } from "node:worker_threads";
import { train } from "../engine/training.ts";

const { losses } = await train(2, { device: workerData });
parentPort?.postMessage(losses);
