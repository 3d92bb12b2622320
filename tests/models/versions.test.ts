import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import versions from "../fixtures/versions.json" with { type: "json" };

test("docs/models.md names the releases that the fixtures are of", async () => {
  const text = await readFile(new URL("../../docs/models.md", import.meta.url), "utf8");
  const { transformers, pillow, peft, torch } = versions;
  expect(text).toContain(`transformers ${transformers}, Pillow ${pillow}, peft ${peft}, torch ${torch}`);
});
