// A thread that reads the bodies of requests.
import { answerJobs } from "./jobs.ts";
import { imagesOf, type ReadRequest, type ReadRules, readRequest } from "./read.ts";

export interface ReadJob {
  readonly body: ArrayBuffer;
  readonly rules: ReadRules;
}

await answerJobs<null, ReadJob, never, ReadRequest>(async () => ({
  opened: null,
  async handle({ body, rules }, { signal }) {
    const done = await readRequest(new Uint8Array(body.transferToFixedLength()), rules, signal);
    return { done, transfer: imagesOf(done).map(({ bytes }) => bytes.buffer) };
  },
}));
