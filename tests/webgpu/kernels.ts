/**
 * Minimal reproductions of what ONNX Runtime's WebGPU gets wrong or has no kernel for, as docs/devices.md lists it: programs
 * written as if its kernels were right. Where one of them comes out right, upstream has mended it and the capability
 * may be had.
 */
import { runtime } from "#runtime";
import type { Capabilities, Machine, Runtime } from "../../src/engine/runtime/runtime.ts";
import { attentions, type Case, layers, primitives } from "../engine/cases.ts";
import { engineOf } from "../engine/compared.ts";
import { type Outcome, worstOf } from "./outcome.ts";

function having(more: Partial<Capabilities>): Machine & { readonly runtime: Runtime } {
  const capabilities = (machine: Machine) => ({ ...runtime.capabilities(machine), ...more });
  return { device: "webgpu", runtime: { ...runtime, capabilities } };
}

const wrong: readonly (readonly [cases: readonly Case[], more: Partial<Capabilities>, least: number])[] = [
  [layers.filter(({ name }) => name === "gradient of RMS norm"), { normStatistics: true }, 0.1],
  [attentions, { multiHeadAttention: true }, 1e-3],
];

/** Operations of a few cases that have no kernel. */
const missing: readonly (readonly [op: string, one: Case | undefined, more: Partial<Capabilities>])[] = [
  ["FusedMatMul", named("dot bij,bkj->bik"), { fusedMatMul: true }],
  ["LogSoftmax", named("logSoftmax"), { logSoftmax: true }],
  ["Mod", named("remainder"), {}],
  ["Sign", named("mod"), {}],
  ["Or", named("where of booleans"), {}],
];

function named(name: string): Case | undefined {
  return primitives.find((one) => one.name === name);
}

/** An error of 0 where the kernel is still wrong or missing, as listed. */
export async function kernelOutcomes(): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const [cases, more, least] of wrong)
    for (const one of cases) {
      const off = worstOf(await engineOf(one, having(more)), await engineOf(one));
      outcomes.push({ name: `${one.name} is off by ${off}`, tolerance: 0, error: off > least ? 0 : 1 });
    }
  for (const [op, one, more] of missing) {
    const notes: string[] = [];
    if (one) await engineOf(one, { ...having(more), onNote: (line) => notes.push(line) });
    outcomes.push({ name: `${op}: ${notes}`, tolerance: 0, error: notes.join().includes(op) ? 0 : 1 });
  }
  return outcomes;
}
