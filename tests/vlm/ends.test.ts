import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { endIds } from "../../src/vlm/answer.ts";
import { openVlm } from "../../src/vlm/open.ts";

const fixture = new URL("../fixtures/models/qwen2_5_vl/windows", import.meta.url).pathname;

it.each([
  ['{"eos_token_id": [162, 7]}', [162, 7]],
  ['{"eos_token_id": 7}', [162, 7]],
  ["{}", [162]],
])("ends an answer at every token that %s names", async (generation, ends) => {
  const folder = await mkdtemp(join(tmpdir(), "fovea-ends-"));
  try {
    await cp(fixture, folder, { recursive: true });
    await writeFile(join(folder, "generation_config.json"), generation);
    expect(endIds(await openVlm(folder)).toSorted((a, b) => b - a)).toEqual(ends);
  } finally {
    await rm(folder, { recursive: true });
  }
});
