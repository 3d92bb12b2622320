/** Process of the page benchmark: the same works in Node; prints one line of JSON. */
import { readImage } from "../../src/hub/image/image-file.ts";
import { openWork, type WorkJob, type WorkName } from "./works.ts";

/** Milliseconds of a work: until it was done first, of each time, of the processor for each time. */
export interface WorkTimes {
  readonly first: number;
  readonly ms: readonly number[];
  readonly cpu: number;
}

interface NodeJob extends Omit<WorkJob, "picture" | "work"> {
  readonly picture: string;
  readonly works: readonly WorkName[];
  readonly times: number;
}

async function timesOf(work: WorkName, { picture, times, model, machine }: NodeJob): Promise<WorkTimes> {
  const { first, warm, run, close } = await openWork({
    model,
    machine,
    work,
    picture: await readImage(picture),
  });
  await warm();
  const before = process.cpuUsage();
  const ms = await run(times);
  const { user, system } = process.cpuUsage(before);
  await close();
  return { first, ms, cpu: (user + system) / 1e3 / times };
}

if (import.meta.main) {
  const job = JSON.parse(process.argv[2]) as NodeJob;
  const all: Partial<Record<WorkName, WorkTimes>> = {};
  for (const work of job.works) all[work] = await timesOf(work, job);
  console.log(JSON.stringify(all));
}
