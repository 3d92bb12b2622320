/** A few training steps of a tiny model, the one of the step benchmark: in Node, and in a page on each of its devices. */
import { makeStep, optimiser, paramSpecs, type Sizes, type State } from "../../bench/step/bare/model.ts";
import { mapValues } from "../../src/common/map-values.ts";
import { random } from "../../src/common/random.ts";
import { openCarry } from "../../src/engine/carry.ts";
import { compile } from "../../src/engine/compile.ts";
import { float32, type HostArray, int32, sizeOf } from "../../src/engine/host.ts";
import { isOnDevice, type Machine } from "../../src/engine/runtime/runtime.ts";
import { stepScalars } from "../../src/train/step/optimiser.ts";

const sizes: Sizes = {
  batch: 2,
  imageTokens: 4,
  textTokens: 6,
  patchInputs: 12,
  vision: { width: 16, heads: 2, layers: 1 },
  decoder: { width: 16, heads: 2, layers: 2 },
  vocabulary: 24,
};

/** Losses of the steps, the first trained array at the end, and whether the state stayed on a device. */
export interface Training {
  readonly losses: readonly number[];
  readonly weights: readonly number[];
  readonly onDevice: boolean;
}

/** `onStep` is called after each step. */
export async function train(
  steps: number,
  machine: Machine = {},
  onStep: (step: number) => void = () => {},
): Promise<Training> {
  const source = random("tiny training");
  const drawn = (shape: readonly number[], std: number) =>
    float32(
      shape,
      Array.from({ length: sizeOf(shape) }, () => std * source.normal()),
    );
  const specs = paramSpecs(sizes);
  const zeros = () => mapValues(specs, ({ shape }): HostArray => float32(shape));
  const state: State<HostArray> = {
    params: mapValues(specs, ({ shape }) => drawn(shape, shape.length === 1 ? 1 : 0.3)),
    moments: { first: zeros(), second: zeros() },
  };
  const { batch: B, imageTokens: N, textTokens: M, vocabulary: V, patchInputs } = sizes;
  const ids = () =>
    int32(
      [B, M],
      Array.from({ length: B * M }, () => source.integer(V)),
    );
  const T = N + M;
  const causal = Array.from({ length: T * T }, (_, i) => (i % T <= Math.floor(i / T) ? 0 : -1e9));
  const batch = {
    pixels: drawn([B, N, patchInputs], 1),
    ids: ids(),
    next: ids(),
    attention: float32([B, N], Array(B * N).fill(1 / N)),
    mask: float32([T, T], causal),
  };
  const scalars = (t: number) => mapValues({ ...stepScalars(1e-2, t, optimiser) }, (x) => float32([], [x]));
  const program = await compile(makeStep(sizes) as never, [state, batch, scalars(0)], { machine });
  const carry = openCarry(state);
  const losses: number[] = [];
  for (let t = 0; t < steps; t++) {
    losses.push(((await carry.step(program, batch, scalars(t))) as HostArray).data[0]);
    onStep(t);
  }
  const [kept] = Object.values(carry.state.params);
  const [first] = Object.values(await carry.read(({ params }) => params));
  carry.dispose();
  await program.dispose();
  return { losses, weights: [...first.data], onDevice: isOnDevice(kept) };
}
