// A thread that does odd jobs, for tests of threads.
import { setTimeout } from "node:timers/promises";
import { workerData } from "node:worker_threads";
import { UserError } from "../../src/common/errors.ts";
import { badRequest } from "../../src/serve/api-error.ts";
import { answerJobs } from "../../src/serve/jobs.ts";

export type OddJob =
  | "count"
  | "die"
  | "exhaust"
  | "loop"
  | "loop politely"
  | "pass"
  | "refuse"
  | "fail"
  | "wait";

await answerJobs<string, OddJob, number, number>(async () => {
  if (workerData === "closed") throw new UserError("the shop is closed");
  let jobs = 0;
  return {
    opened: "open",
    async handle(job, { goOn, say, signal }) {
      jobs++;
      if (job === "count") for (let i = 0; i < 3; i++) say(i);
      if (job === "die") process.exit(7);
      if (job === "exhaust") for (const all: unknown[] = []; ; ) all.push(new Array(1e5).fill({}));
      if (job === "refuse") throw badRequest("x: must be y", "x");
      if (job === "fail") throw new TypeError("inside");
      const pass = job === "pass" ? await (await import("./pass.ts")).openPass() : undefined;
      if (pass || job.startsWith("loop") || job === "wait") say(0);
      while (pass) await pass();
      while (job === "loop politely") goOn();
      while (job === "loop");
      if (job === "wait") await setTimeout(1e6, undefined, { signal });
      return { done: jobs };
    },
  };
});
