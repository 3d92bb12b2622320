// A thread that holds one open model and does Studio's jobs, one after the other. A job comes and goes as a message of
// wire.ts, so that the thread that listens neither reads nor writes arrays.
import { workerData } from "node:worker_threads";
import { mustBe } from "../../common/errors.ts";
import type { WeightForm } from "../../hub/weights/weights.ts";
import { answerJobs } from "../../serve/jobs.ts";
import { openVlm } from "../../vlm/open.ts";
import type { Given, JobKind, ModelCard } from "../jobs/job.ts";
import { isJobKind, jobKinds, perform } from "../jobs/perform.ts";
import { cardOf, thresholdOf } from "../models/card.ts";
import type { Loading } from "../models/model.ts";
import { decode, frame } from "../models/wire.ts";
import { checkGiven } from "./given.ts";
import { limits } from "./limits.ts";

export interface ModelThreadData {
  readonly folder: string;
  readonly weights?: WeightForm;
}

export interface ThreadJob {
  /** Of a stranger. */
  readonly kind: string;
  /** What is given, by wire.ts. */
  readonly body: ArrayBuffer;
}

const { folder, weights } = workerData as ModelThreadData;

await answerJobs<ModelCard, ThreadJob, Loading, ArrayBuffer>(async () => {
  const model = await openVlm(folder, weights && { weights });
  return {
    opened: cardOf(model, "server", await thresholdOf(folder, model)),
    async handle({ kind, body }, { signal, goOn }) {
      if (!isJobKind(kind)) throw mustBe("job", "kind", jobKinds.join(", "), kind);
      const given = decode(new Uint8Array(body.transferToFixedLength()), { text: limits.jobText });
      checkGiven(kind, given);
      goOn();
      const result = await perform(model, kind, given as Given<JobKind>, { signal });
      const { buffer } = frame({ result });
      return { done: buffer, transfer: [buffer] };
    },
  };
});
