import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { inTemporaryFolder, lossesOf, run, tinyConfig } from "./support.ts";

describe("train.recompute", () => {
  it.each([1, 2])("changes a run's losses and gradients by rounding only, accumulating %d", (accumulate) =>
    inTemporaryFolder(async (folder) => {
      const runs = [false, true].map(async (recompute) => {
        const out = join(folder, String(recompute));
        const train = { steps: 3, accumulate, recompute, evalEvery: 0, checkpointEvery: 0 };
        await run(tinyConfig({ train }), out);
        return (await lossesOf(out)).steps;
      });
      const [plain, better] = await Promise.all(runs);
      better.forEach((step, i) => {
        expect(Math.abs(step.loss / plain[i].loss - 1)).toBeLessThan(1e-5);
        expect(Math.abs(step.gradientNorm / plain[i].gradientNorm - 1)).toBeLessThan(1e-4);
      });
      expect(better).toHaveLength(3);
    }),
  );
});
