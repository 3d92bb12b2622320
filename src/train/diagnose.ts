import { compile } from "../engine/compile.ts";
import type { HostArray } from "../engine/host.ts";
import type { Batch } from "../losses/batch.ts";
import { differentiate, type Objective } from "./step.ts";
import type { Named } from "./trees.ts";

/**
 * Finds what is not finite: runs forward and backward again on the parameters before the bad step, and names the
 * first parameter, loss or gradient with a value that is not a finite number.
 */
export async function diagnose(
  objective: Objective<never>,
  params: Named<HostArray>,
  frozen: Named<HostArray>,
  batches: readonly Batch[],
  weights: Named<HostArray>,
): Promise<string> {
  const bad = firstBad({ ...params, ...frozen });
  if (bad !== undefined) return `parameter ${bad}`;
  const fn = (p: never, f: never, batch: never, w: never) => differentiate(objective, p, f, batch, w);
  const program = await compile(fn as never, [params, frozen, batches[0], weights]);
  for (const batch of batches) {
    const pixels = firstBad({ pixelValues: batch.pixelValues });
    if (pixels !== undefined) return `input ${pixels}`;
    const { value, gradients } = (await program.run(params, frozen, batch, weights)) as Differentiated;
    const part = firstBad(value.parts);
    if (part !== undefined) return `loss ${part}`;
    const gradient = firstBad(gradients);
    if (gradient !== undefined) return `gradient of ${gradient}`;
  }
  return "the gradient norm, which overflowed";
}

interface Differentiated {
  readonly value: { readonly parts: Named<HostArray> };
  readonly gradients: Named<HostArray>;
}

function firstBad(arrays: Named<HostArray>): string | undefined {
  return Object.entries(arrays).find(([, { data }]) => !(data as Float32Array).every(Number.isFinite))?.[0];
}
