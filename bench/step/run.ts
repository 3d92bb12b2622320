/**
 * One training step against PyTorch, eager and compiled: NTP + LLL + KLAL on all layers, with clipping and AdamW.
 *
 * `node bench/step/run.ts [--models 2m,9m,30m,135m] [--tokens 128,512,2048] [--losses all] [--peers fovea,fovea-recompute,eager,compile,eager-mkl,compile-mkl]
 * [--rounds 5] [--seconds 40] [--threads N] [--json]`. Losses are `ntp`, `ntp+klal` or `all`. Every candidate is a process
 * of its own, and they take turns, while the others stand still. All start from the same weights, which Fovea writes and
 * PyTorch reads; the run fails where loss or gradient norm differ by more than 1e-4. Where a round is slow, `seconds`
 * leaves fewer rounds than five. FOVEA_PYTHON names a Python that has PyTorch, FOVEA_BENCH a folder for the weights. Linux.
 */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { commitOf, nameMachine } from "../machine.ts";
import { measureCell, type Peer, type StepResult } from "./measure.ts";
import type { Cell, LossSet, ModelName, RowLength } from "./sizes.ts";
import { printed } from "./table.ts";

const { values } = parseArgs({
  options: {
    models: { type: "string", default: "2m,9m,30m,135m" },
    tokens: { type: "string", default: "128,512,2048" },
    losses: { type: "string", default: "all" },
    peers: { type: "string", default: "fovea,eager,compile" },
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "40" },
    threads: { type: "string", default: String(availableParallelism()) },
    device: { type: "string", default: "cpu" },
    "torch-device": { type: "string", default: "cpu" },
    json: { type: "boolean", default: false },
  },
});

const list = (text: string) => text.split(",").filter((part) => part !== "");
const cells = list(values.losses).flatMap((losses) =>
  list(values.models).flatMap((model) =>
    list(values.tokens).map(
      (tokens): Cell => ({
        model: model as ModelName,
        tokens: Number(tokens) as RowLength,
        losses: losses as LossSet,
      }),
    ),
  ),
);
const options = {
  threads: Number(values.threads),
  rounds: Number(values.rounds),
  seconds: Number(values.seconds),
  peers: list(values.peers) as Peer[],
  device: values.device,
  torchDevice: values["torch-device"],
};

const results: StepResult[] = [];
for (const cell of cells) {
  const result = await measureCell(cell, options);
  results.push(result);
  if (!values.json) for (const line of printed(result)) console.log(line);
}
if (values.json) console.log(JSON.stringify({ machine: nameMachine(), commit: commitOf(), results }));
