import { expect, test } from "vitest";
import { readFolderFiles } from "../../src/hub/folder.ts";
import { openSource } from "../../src/train/batches/source.ts";
import { checkConfig } from "../../src/train/config/config.ts";
import { openBlueprint } from "../../src/train/run/model.ts";

const fixture = (name: string) => `tests/fixtures/models/${name}`;

async function blueprint(name: string, images: object) {
  const config = checkConfig({ model: { from: fixture(name), images }, data: { names: 4 } });
  return openBlueprint(config, async () => (await openSource(config)).words);
}

test.each([
  ["qwen2_5_vl/windows", { maxPixels: 576 }, { size: { shortest_edge: 256, longest_edge: 576 } }, 6],
  ["smolvlm/tiles", { tiles: 1 }, { do_image_splitting: false }, undefined],
])("a limit of %s is written in the processor's own fields", async (name, images, written, tokens) => {
  const size = { width: 300, height: 280 };
  const [free, limited] = [await blueprint(name, {}), await blueprint(name, images)];
  expect(free.files.preprocessor).toEqual((await readFolderFiles(fixture(name))).preprocessor);
  expect(limited.files.preprocessor).toMatchObject(written);
  const measured = [free, limited].map(({ tools }) => tools.reader.measure(size).tokens);
  expect(measured[1]).toBeLessThan(measured[0]);
  if (tokens !== undefined) expect(measured[1]).toBe(tokens);
});

test("a limit that the processor has no field for is refused by name", async () => {
  await expect(blueprint("llava/clip-mistral", { maxPixels: 576 })).rejects.toThrow(
    'image size: limit must be none: this model has one size of picture, got "maxPixels"',
  );
});
