/** Child process of the step benchmark: times Fovea's step and prints one line of JSON. */

import { mapValues } from "../../../src/common/map-values.ts";
import { random } from "../../../src/common/random.ts";
import { openCarry } from "../../../src/engine/carry.ts";
import { compile } from "../../../src/engine/compile.ts";
import type { HostArray } from "../../../src/engine/host.ts";
import { float32, int32, sizeOf } from "../../../src/engine/host.ts";
import { stepScalars } from "../../../src/train/step/optimiser.ts";
import type { Batch, Sizes, State } from "./model.ts";
import { makeStep, optimiser, paramSpecs, sizes } from "./model.ts";

const source = random("bench");

function drawn(shape: readonly number[], std: number): HostArray {
  const data = Float32Array.from({ length: sizeOf(shape) }, () => std * source.normal());
  return { dtype: "float32", shape, data };
}

function initialState(size: Sizes): State<HostArray> {
  const specs = paramSpecs(size);
  const zeros = () => mapValues(specs, ({ shape }): HostArray => float32(shape));
  const start = (shape: readonly number[]) =>
    shape.length === 1 ? float32(shape, Array(shape[0]).fill(1)) : drawn(shape, shape[1] ** -0.5);
  return {
    params: mapValues(specs, ({ shape }) => start(shape)),
    moments: { first: zeros(), second: zeros() },
  };
}

function drawBatch(size: Sizes): Batch<HostArray> {
  const { batch: B, imageTokens: N, textTokens: M, vocabulary: V } = size;
  const ids = () =>
    int32(
      [B, M],
      Array.from({ length: B * M }, () => source.integer(V)),
    );
  const T = N + M;
  const mask = Array.from({ length: T * T }, (_, i) => (i % T <= Math.floor(i / T) ? 0 : -1e9));
  const attention = float32([B, N], Array(B * N).fill(1 / N));
  const pixels = drawn([B, N, size.patchInputs], 1);
  return { pixels, ids: ids(), next: ids(), attention, mask: float32([T, T], mask) };
}

async function main(name: string, steps: number, threads: number): Promise<void> {
  const size = sizes[name as "full"];
  const batch = drawBatch(size);
  const scalars = (t: number) => mapValues({ ...stepScalars(1e-3, t, optimiser) }, (x) => float32([], [x]));
  const specs = paramSpecs(size);
  const form = { params: specs, moments: { first: specs, second: specs } };
  const program = await compile(makeStep(size), [form, batch, scalars(0)], { machine: { threads } });
  const carry = openCarry(initialState(size));
  const times: number[] = [];
  const cpu: number[] = [];
  const losses: number[] = [];
  for (let t = 0; t < steps; t++) {
    const start = performance.now();
    const before = process.cpuUsage();
    const loss = (await carry.step(program, batch, scalars(t))) as HostArray;
    times.push(performance.now() - start);
    const { user, system } = process.cpuUsage(before);
    cpu.push((user + system) / 1e3);
    losses.push(loss.data[0]);
  }
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  console.log(JSON.stringify({ times, cpu, losses, peakBytes, compile: program.times }));
}

await main(process.argv[2], Number(process.argv[3]), Number(process.argv[4]));
