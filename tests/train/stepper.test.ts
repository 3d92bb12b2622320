import { describe, expect, it } from "vitest";
import { type NdArray, np } from "../../src/engine/array.ts";
import { float32, type HostArray } from "../../src/engine/host.ts";
import type { Batch } from "../../src/losses/batch.ts";
import type { ImageLayout } from "../../src/models/inputs/inputs.ts";
import type { ShapedBatch } from "../../src/train/batches/shapes.ts";
import { openEvaluator } from "../../src/train/step/evaluator.ts";
import type { Objective } from "../../src/train/step/step.ts";
import { openStepper, zeroMoments } from "../../src/train/step/stepper.ts";

/** A linear map fitted to rows x [B, 2] under a mask [B]; a layout adds the number of its images to the target. */
const traced: number[] = [];
const objective =
  ({ images }: ImageLayout): Objective<never> =>
  ({ w, scale }, given, weights) => {
    const { x, mask } = given as unknown as Record<"x" | "mask", NdArray>;
    traced.push(x.shape[0]);
    const error = np.subtract(np.matmul(np.multiply(x, scale), w), images.length + 1);
    const fit = np.divide(np.sum(np.multiply(np.square(error), mask)), np.sum(mask));
    return { loss: np.multiply(fit, weights.fit), parts: { fit, "fit.rows": np.sum(mask) } };
  };

const image = { spans: [{ start: 0, length: 1 }], pixels: 1 };
const layouts: ImageLayout[] = [{ images: [] }, { images: [image] }];

/** `rows` of numbers that follow from `seed`, then padding up to `room` rows. */
function made(seed: number, rows: number, room = rows, layout = layouts[0]): ShapedBatch {
  const values = Array.from({ length: 2 * room }, (_, i) => (i < 2 * rows ? Math.sin(seed + i) : 7));
  const mask = Array.from({ length: room }, (_, i) => (i < rows ? 1 : 0));
  const batch = { x: float32([room, 2], values), mask: float32([room], mask) };
  return { batch: batch as unknown as Batch, layout };
}

const adam = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, clipNorm: 1, decays: () => true };
const start = () => {
  const params = { w: float32([2], [0.5, -1]) };
  return { params, moments: zeroMoments(params) };
};
const shared = { objective, frozen: { scale: float32([], [1.5]) }, losses: ["fit"], machine: { threads: 1 } };

async function trained(steps: readonly (readonly ShapedBatch[])[], limit: number, state = start()) {
  const stepper = await openStepper({ ...shared, options: adam, state, limit }, steps[0].length);
  const reports = [];
  for (const [t, batches] of steps.entries())
    reports.push(await stepper.step(batches, { step: t, learningRate: 0.1 }, { fit: 1 }));
  const programs = stepper.compiled.programs;
  const params = [...(stepper.state.params.w as HostArray).data];
  await stepper.dispose();
  return { reports, params, programs };
}

describe("a step for batches of several shapes", () => {
  const few = made(1, 3);
  const many = made(2, 5);
  const other = made(3, 3, 3, layouts[1]);
  const walks = {
    "one batch a step": [[few], [many], [other], [few], [many], [other], [few]],
    "micro-batches of different shapes": [
      [few, many],
      [other, few],
      [many, many],
      [few, other],
    ],
  };

  it.each(Object.entries(walks))("shares one state, whatever programs are held: %s", async (_, steps) => {
    const [all, one] = [await trained(steps, 8), await trained(steps, 1)];
    expect(one.reports).toEqual(all.reports);
    expect(one.params).toEqual(all.params);
    expect(all.programs).toBe(3);
    expect(one.programs).toBeGreaterThan(3);
  });

  it.each(Object.entries(walks))(
    "gives a padded batch the step of the batch itself: %s",
    async (_, steps) => {
      const padded = steps.map((batches) =>
        batches.map((one) =>
          one === many ? made(2, 5, 8) : one === few ? made(1, 3, 8) : made(3, 3, 6, layouts[1]),
        ),
      );
      const [plain, wide] = [await trained(steps, 8), await trained(padded, 8)];
      plain.reports.forEach((report, t) => {
        expect(wide.reports[t].loss).toBeCloseTo(report.loss, 5);
        expect(wide.reports[t].gradientNorm).toBeCloseTo(report.gradientNorm, 5);
      });
      wide.params.forEach((value, i) => {
        expect(value).toBeCloseTo(plain.params[i], 5);
      });
    },
  );

  it("averages micro-batches of different shapes, with every part that the losses report", async () => {
    const { reports } = await trained([[few, other]], 8);
    const evaluator = openEvaluator({ ...shared, params: start().params });
    const alone = [];
    for (const one of [few, other]) alone.push(await evaluator.evaluate(start().params, one, { fit: 1 }));
    expect(reports[0].loss).toBeCloseTo((alone[0].loss + alone[1].loss) / 2, 5);
    expect(reports[0].parts["fit.rows"]).toBe(3);
    expect(Object.keys(reports[0].parts)).toEqual(["fit", "fit.rows"]);
    await evaluator.dispose();
  });

  it("compiles when a shape first comes, and not again while it is held", async () => {
    traced.length = 0;
    const { programs } = await trained(walks["one batch a step"], 2);
    expect(programs).toBe(7); // Three shapes in turn push each other out of two places.
    expect(traced).toEqual([3, 5, 3, 3, 5, 3, 3]);
  });
});
