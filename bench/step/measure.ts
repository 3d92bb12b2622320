/** One cell of the step benchmark: Fovea and its peers take turns on one model, one length of rows, one set of losses. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { training } from "../../src/common/allocator.ts";
import { median } from "../median.ts";
import { openTurn, type Turn } from "../turns.ts";
import {
  type LimitJob,
  optimiser,
  type StepAnswer,
  type StepJob,
  type StepReady,
  stepFolder,
} from "./job.ts";
import { allKernels, needsAnswer } from "./mkl.ts";
import { type Cell, flopsOf, lossSets, type Product, productsOf, shapesOf, sizesOf } from "./sizes.ts";

/** Who steps: Fovea, also with activations computed again, or PyTorch as it is installed or with `-mkl` all kernels of its library (see mkl.ts). */
export type Peer = "fovea" | "fovea-recompute" | "eager" | "compile" | "eager-mkl" | "compile-mkl";

/** What one of them needed. */
export interface StepRow {
  readonly who: Peer;
  /** Milliseconds of a step: the median over rounds of each round's median; and the fastest step. */
  readonly ms: number;
  readonly fastestMs: number;
  /** Of the processor, all threads together. */
  readonly cpuMs: number;
  /** From the start of the process to the end of the first step. */
  readonly startMs: number;
  readonly peakMegabytes: number;
  /** After the first step. */
  readonly stepPeakMegabytes: number;
  /** Of the time that the products alone need at best. */
  readonly share: number;
  readonly version?: string;
}

/** A measured cell. */
export interface StepResult extends Cell {
  readonly rows: number;
  readonly threads: number;
  readonly rounds: number;
  readonly gigaflop: number;
  /** The fastest products of these shapes on this machine, 10^9 operations a second. */
  readonly limitGigaflops: number;
  /** Largest relative differences from Fovea's: loss and gradient norm of the first step, loss after all rounds. */
  readonly difference: { readonly loss: number; readonly gradientNorm: number; readonly lastLoss: number };
  readonly who: readonly StepRow[];
}

export interface MeasureOptions {
  readonly threads: number;
  /** At most. */
  readonly rounds: number;
  /** For all rounds; slow cells have fewer rounds, one at least. */
  readonly seconds: number;
  readonly peers: readonly Peer[];
  /** Fovea's, and PyTorch's name of it; default: the processor. */
  readonly device?: string;
  readonly torchDevice?: string;
}

/** Losses and norms of two programs of float32 differ by rounding alone. */
const tolerance = 1e-4;

/** On other devices products may have operands in TF32, which differ by 3e-4 each. */
const otherTolerance = 5e-3;

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const python = process.env.FOVEA_PYTHON ?? "python3";

const commands: Readonly<Record<Peer, readonly string[]>> = {
  fovea: [process.execPath, ...training.flags, here("fovea.ts")],
  "fovea-recompute": [process.execPath, ...training.flags, here("fovea.ts")],
  eager: [python, here("peer.py"), "eager"],
  compile: [python, here("peer.py"), "compile"],
  "eager-mkl": [python, here("peer.py"), "eager"],
  "compile-mkl": [python, here("peer.py"), "compile"],
};

type StepTurn = Turn<StepReady, StepAnswer>;

/** Throws an Error where two of them do not compute the same. */
export async function measureCell(cell: Cell, options: MeasureOptions): Promise<StepResult> {
  const size = sizesOf(cell);
  const losses = lossSets[cell.losses];
  const { threads, device = "cpu", torchDevice = "cpu" } = options;
  const folder = await stepFolder(size);
  const job: StepJob = { folder, size, losses, threads, device, torchDevice, optimiser };
  const products = productsOf(size, losses);
  // What other devices' products can reach is not measured here.
  const limit = device === "cpu" ? productRate(products, options) : Number.NaN;
  const turns = new Map<Peer, StepTurn>();
  // Nothing that Fovea compiled before is found: the start is a first one.
  const cache = mkdtempSync(join(tmpdir(), "fovea-step-"));
  try {
    for (const who of options.peers) {
      // All of them with the memory that `fovea train` gives itself: PyTorch is faster with it too.
      const given = { FOVEA_CACHE: cache, ...training.environment };
      const environment = { ...given, ...(who.endsWith("-mkl") && allKernels()) };
      const command = [...commands[who], JSON.stringify({ ...job, recompute: who.endsWith("-recompute") })];
      turns.set(who, await openTurn<StepReady, StepAnswer>(command, environment));
    }
    const rounds = await takeTurns(turns, options);
    const who = [...turns].map(([who, { ready }], i) =>
      rowOf(
        who,
        ready,
        rounds.map((round) => round[i]),
        flopsOf(products) / limit,
      ),
    );
    return {
      ...cell,
      rows: size.rows,
      threads,
      rounds: rounds.length,
      gigaflop: flopsOf(products) / 1e9,
      limitGigaflops: limit / 1e9,
      difference: checked(
        [...turns.values()].map(({ ready }) => ready),
        rounds,
        device === "cpu" ? tolerance : otherTolerance,
      ),
      who,
    };
  } finally {
    for (const turn of turns.values()) await turn.close();
    rmSync(cache, { recursive: true, force: true });
  }
}

/** Rounds of answers, one answer of each process. The first round of several warms up and is left out. */
async function takeTurns(turns: ReadonlyMap<Peer, StepTurn>, { rounds, seconds }: MeasureOptions) {
  const round = async (steps: readonly number[]) => {
    const answers: StepAnswer[] = [];
    for (const [i, turn] of [...turns.values()].entries()) answers.push(await turn.ask({ steps: steps[i] }));
    return answers;
  };
  const first = await round([...turns].map(() => 1));
  const plan = planRounds(
    first.map(({ times }) => times[0]),
    { rounds, seconds },
  );
  if (plan.rounds < 2) return [first];
  const all: StepAnswer[][] = [];
  for (let r = 0; r < plan.rounds; r++) all.push(await round(plan.steps));
  return all;
}

/** Half a second a turn, or a step; as many rounds as fit into the time. */
export function planRounds(
  stepMs: readonly number[],
  { rounds, seconds }: Pick<MeasureOptions, "rounds" | "seconds">,
) {
  const steps = stepMs.map((ms) => Math.min(8, Math.max(1, Math.ceil(500 / ms))));
  const roundMs = stepMs.reduce((sum, ms, i) => sum + ms * steps[i], 0);
  return { steps, rounds: Math.min(rounds, Math.max(1, Math.floor((1e3 * seconds) / roundMs))) };
}

function rowOf(
  who: Peer,
  { startMs, version }: StepReady,
  answers: readonly StepAnswer[],
  bestSeconds: number,
): StepRow {
  const ms = median(answers.map(({ times }) => median(times)));
  const most = (of: (answer: StepAnswer) => number) => Math.max(...answers.map(of)) / 1e6;
  return {
    who,
    ms,
    fastestMs: Math.min(...answers.flatMap(({ times }) => times)),
    cpuMs: median(answers.map(({ cpu }) => median(cpu))),
    startMs,
    peakMegabytes: most(({ peakBytes }) => peakBytes),
    stepPeakMegabytes: most(({ stepPeakBytes }) => stepPeakBytes),
    share: (1e3 * bestSeconds) / ms,
    ...(version !== undefined && { version }),
  };
}

function checked(
  ready: readonly StepReady[],
  rounds: readonly (readonly StepAnswer[])[],
  most: number,
): StepResult["difference"] {
  const differs = (values: readonly number[]) => Math.max(...values.map((x) => Math.abs(x / values[0] - 1)));
  // Turns of different lengths have made different numbers of steps.
  const even = rounds.every((round) => round.every(({ times }) => times.length === round[0].times.length));
  const difference = {
    loss: differs(ready.map(({ loss }) => loss)),
    gradientNorm: differs(ready.map(({ gradientNorm }) => gradientNorm)),
    lastLoss: even ? differs(rounds[rounds.length - 1].map(({ loss }) => loss)) : 0,
  };
  if (Math.max(difference.loss, difference.gradientNorm) <= most) return difference;
  throw new Error(`the peers do not compute the same step: ${JSON.stringify({ ready, difference })}`);
}

/** Shapes with less to do than this share are taken to be as fast as the rest. */
const smallShare = 0.02;

/** Operations a second: of each shape the faster of ONNX Runtime's and PyTorch's product. */
function productRate(products: readonly Product[], { threads, peers }: MeasureOptions): number {
  const total = flopsOf(products);
  const measured = shapesOf(products).filter((product) => flopsOf([product]) > smallShare * total);
  const job = JSON.stringify({ products: measured, threads } satisfies LimitJob);
  const limits = [
    [process.execPath, here("limit.ts")],
    [python, here("peer.py"), "limit"],
  ] as const;
  const runs = limits
    .slice(0, peers.length > 1 ? 2 : 1)
    .map(([program, ...args]) => secondsOf(program, [...args, job]));
  const best = measured.map(({ count }, i) => count * Math.min(...runs.map((seconds) => seconds[i])));
  return flopsOf(measured) / best.reduce((sum, seconds) => sum + seconds, 0);
}

function secondsOf(program: string, args: readonly string[]): number[] {
  const stdio: ["ignore", "pipe", "inherit"] = ["ignore", "pipe", "inherit"];
  const env = { ...process.env, ...(program === python && needsAnswer() ? allKernels() : {}) };
  const output = execFileSync(program, [...args], { encoding: "utf8", stdio, env });
  return (JSON.parse(output.trim().split("\n").at(-1) as string) as { seconds: number[] }).seconds;
}
