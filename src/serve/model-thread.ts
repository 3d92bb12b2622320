// A thread that holds the open model and answers one request after the other.
import { workerData } from "node:worker_threads";
import type { WeightForm } from "../hub/weights/weights.ts";
import { answerJobs } from "./jobs.ts";
import { machineHere, type SentMachine } from "./machine.ts";
import type { ReadRequest } from "./requests/read-request.ts";
import { type ModelNotes, openSpeaker, type Piece, type SpeakerAnswer } from "./speaker.ts";

export interface ModelThreadData {
  readonly folder: string;
  readonly weights?: WeightForm;
  readonly machine?: SentMachine;
}

const { folder, weights, machine } = workerData as ModelThreadData;

await answerJobs<ModelNotes, ReadRequest, Piece, SpeakerAnswer>(async () => {
  const opening = { ...(weights && { weights }), machine: machineHere(machine) };
  const { notes, answer } = await openSpeaker(folder, opening);
  return {
    opened: notes,
    handle: async (request, { goOn, say }) => ({ done: await answer(request, goOn, say) }),
  };
});
