// A thread that holds one open model and does Studio's jobs, one after the other. A job comes and goes as a message of
// wire.ts, so that the thread that listens neither reads nor writes arrays.
import { workerData } from "node:worker_threads";
import { mustBe } from "../../common/errors.ts";
import type { WeightForm } from "../../hub/weights/weights.ts";
import { answerJobs } from "../../serve/jobs.ts";
import { machineHere, type SentMachine } from "../../serve/machine.ts";
import type { ReadRequest } from "../../serve/requests/read-request.ts";
import { type ModelNotes, type Piece, type SpeakerAnswer, speakerOf } from "../../serve/speaker.ts";
import { openVlm, type Vlm } from "../../vlm/open.ts";
import type { Given, JobKind, ModelCard } from "../jobs/job.ts";
import { isJobKind, jobKinds, perform } from "../jobs/perform.ts";
import { cardOf, learntOf } from "../models/card.ts";
import type { Loading } from "../models/model.ts";
import { decode, frame } from "../models/wire.ts";
import { checkGiven } from "./given.ts";
import { limits } from "./limits.ts";

export interface ModelThreadData {
  readonly folder: string;
  readonly weights?: WeightForm;
  readonly machine?: SentMachine;
  /** Whether it answers requests of OpenAI's API, too. */
  readonly speaks: boolean;
}

export interface OpenedModel {
  readonly card: ModelCard;
  /** Where it speaks. */
  readonly notes?: ModelNotes;
}

export interface ThreadJob {
  /** Of a stranger. */
  readonly kind: string;
  /** What is given, by wire.ts. */
  readonly body: ArrayBuffer;
}

/** A request of OpenAI's API. */
export interface SpokenJob {
  readonly request: ReadRequest;
}

const { folder, weights, machine, speaks } = workerData as ModelThreadData;

await answerJobs<OpenedModel, ThreadJob | SpokenJob, Loading | Piece, ArrayBuffer | SpeakerAnswer>(
  async () => {
    const model = await openVlm(folder, { ...(weights && { weights }), machine: machineHere(machine) });
    const speaker = speaks ? await speakerOf(model, folder) : undefined;
    return {
      opened: {
        card: cardOf(model, "server", await learntOf(folder, model)),
        ...(speaker && { notes: speaker.notes }),
      },
      async handle(job, { signal, goOn, say }) {
        if (!("request" in job)) return framed(model, job, { signal, goOn });
        if (speaker === undefined) throw new Error("this model was opened without the API");
        return { done: await speaker.answer(job.request, goOn, say) };
      },
    };
  },
);

async function framed(model: Vlm, { kind, body }: ThreadJob, { signal, goOn }: Wanted) {
  if (!isJobKind(kind)) throw mustBe("job", "kind", jobKinds.join(", "), kind);
  const given = decode(new Uint8Array(body.transferToFixedLength()), { text: limits.jobText });
  checkGiven(kind, given);
  goOn();
  const result = await perform(model, kind, given as Given<JobKind>, { signal });
  const { buffer } = frame({ result });
  return { done: buffer, transfer: [buffer] };
}

interface Wanted {
  readonly signal: AbortSignal;
  goOn(): void;
}
