/** The parts of `npm run bench`: commands that print one object of JSON, and how long they may take. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type ModelName, models, type RowLength, rowLengths } from "./step/sizes.ts";

/** One part: its name is that of its file of results. */
export interface Part {
  readonly name: string;
  /** What is said of it while it runs. */
  readonly title: string;
  /** Below this folder, and its arguments; the last line that it prints is the result. */
  readonly script: string;
  readonly args: readonly string[];
  /** Minutes; what takes longer is ended and said. */
  readonly minutes: number;
}

/** What the machine has beside Node. */
export interface Peers {
  /** A Python with PyTorch. */
  readonly python: boolean;
  /** Whether PyTorch's library leaves kernels unused here: see step/mkl.ts. */
  readonly mkl: boolean;
  /** Whether `torch.compile` is wanted; default true. */
  readonly compile?: boolean;
}

/** Cells in the order in which they matter. */
const order: readonly RowLength[] = [512, 128, 2048];

/** All parts, or those that take a minute together; those that are not there are left out. */
export function partsOf(peers: Peers, quick: boolean): Part[] {
  const steps = order.flatMap((tokens) =>
    (Object.keys(models) as ModelName[]).map((model) => stepPart(model, tokens, peers, quick)),
  );
  const all = quick
    ? steps.filter(({ name }) => /-(2m|9m)-512$/.test(name))
    : [...steps, ...otherParts(peers)];
  return all.filter(({ script }) => existsSync(fileURLToPath(new URL(script, import.meta.url))));
}

function stepPart(model: ModelName, tokens: RowLength, peers: Peers, quick: boolean): Part {
  const { python, mkl, compile = true } = peers;
  const plain = python && (!mkl || tokens === 512) ? ["eager", "compile"] : [];
  const all = ["fovea", ...plain, ...(python && mkl ? ["eager-mkl", "compile-mkl"] : [])];
  const who = all.filter((name) => compile || !name.startsWith("compile"));
  const rounds = quick ? ["--rounds", "2", "--seconds", "6"] : ["--rounds", "5", "--seconds", "25"];
  const args = ["--models", model, "--tokens", `${tokens}`, "--peers", who.join(), ...rounds, "--json"];
  const title = `a step of ${model} on rows of ${tokens} tokens (${rowLengths[tokens].side ** 2} of an image)`;
  return { name: `step-${model}-${tokens}`, title, script: "step/run.ts", args, minutes: 8 };
}

function otherParts({ python }: Peers): Part[] {
  const who = (peers: string) => (python ? peers : "fovea");
  return [
    part("lens", "the lens of one and of 17 tiles", "lens/run.ts", [
      ...["--tiles", "1,17", "--modes", "logit", "--generate", "", "--peers", who("fovea,python")],
    ]),
    part("generate", "generation", "generate/run.ts", ["--peers", python ? "float32,bfloat16" : ""]),
    part("evaluate", "evaluation", "evaluate/run.ts", ["--peers", who("fovea,python")]),
    part("compile", "first and second start", "compile/run.ts", ["--layers", "6,30", "--rounds", "1"]),
    part("overhead", "what the losses add to a step", "overhead/run.ts", [
      ...["--rounds", "1", "--steps", "2", "--peers", who("fovea,transformers")],
    ]),
    part("page", "lens, answer and step in a page", "page/run.ts", []),
  ];
}

function part(name: string, title: string, script: string, args: readonly string[]): Part {
  return { name, title, script, args: [...args, "--json"], minutes: 5 };
}
