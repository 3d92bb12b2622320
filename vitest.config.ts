import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const source = new URL("./src/", import.meta.url).pathname;

/** Files that take minutes: begun last, they would run on alone. */
const long = /\/(walk\/walk|webgpu\/webgpu|packages\/install)\.test\.ts$/;

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification) => Number(long.test(moduleId));
    return sorted.toSorted((a, b) => isLong(b) - isLong(a));
  }
}

export default defineConfig({
  // Examples import the package.
  resolve: {
    alias: [
      { find: /^fovea\/lens\/paint$/, replacement: `${source}lens/paint.ts` },
      { find: /^fovea\/(\w+)$/, replacement: `${source}$1/index.ts` },
      { find: /^fovea$/, replacement: `${source}index.ts` },
    ],
  },
  test: {
    env: { FOVEA_CACHE: join(tmpdir(), "fovea-tests") },
    include: ["tests/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    maxConcurrency: 2,
    sequence: { sequencer: LongFirst },
  },
});
