// A thread that reads the bodies of requests.
import { answerJobs } from "../jobs.ts";
import { type ReadRules, readRequest } from "./read.ts";
import { imagesOf, type ReadRequest } from "./read-request.ts";

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
