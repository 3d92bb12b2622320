import { describe, expect, it } from "vitest";

/** Tables of contents by the sub-path that they are. */
const entries = {
  fovea: "index.ts",
  "fovea/engine": "engine/index.ts",
  "fovea/losses": "losses/index.ts",
  "fovea/lens": "lens/index.ts",
  "fovea/lens/paint": "lens/paint.ts",
  "fovea/lens/sheets": "lens/sheets/index.ts",
  "fovea/models": "models/index.ts",
  "fovea/data": "data/index.ts",
  "fovea/train": "train/index.ts",
  "fovea/eval": "eval/index.ts",
};

describe.each(Object.entries(entries))("%s", (_, file) => {
  const load = (): Promise<Record<string, unknown>> => import(`../../src/${file}`);

  it("exports these names, and each is something", async () => {
    const names = Object.entries(await load());
    expect(names.filter(([, value]) => value === undefined)).toEqual([]);
    expect(names.map(([name]) => name).sort()).toMatchSnapshot();
  });
});
