import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

const source = new URL("./src/", import.meta.url).pathname;

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
  },
});
