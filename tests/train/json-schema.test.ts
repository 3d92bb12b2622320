import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { z } from "zod";
import { parseYaml } from "../../src/common/yaml.ts";
import { loadConfig, presetNames } from "../../src/train/config/config.ts";
import { configJsonSchema } from "../../src/train/config/json-schema.ts";
import { type JsonSchema, partAt } from "../../src/train/config/schema-parts.ts";
import { inTemporaryFolder } from "./support.ts";

const folder = join(import.meta.dirname, "../../src/train/config");
const file = join(folder, "train-config.schema.json");

it("stands in its file as the config's own schema makes it (npm run schema writes it anew)", async () => {
  expect(JSON.parse(await readFile(file, "utf8"))).toEqual(await configJsonSchema());
});

it("is named by every preset, and takes it", async () => {
  const checker = z.fromJSONSchema(JSON.parse(await readFile(file, "utf8")));
  for (const name of await presetNames()) {
    const text = await readFile(join(folder, `presets/${name}.yaml`), "utf8");
    expect(text.split("\n")[0], name).toBe("# yaml-language-server: $schema=../train-config.schema.json");
    expect(checker.safeParse(parseYaml(text, name)).error, name).toBeUndefined();
  }
});

it("refuses what the config refuses", async () => {
  const checker = z.fromJSONSchema(JSON.parse(await readFile(file, "utf8")));
  const takes = (raw: unknown) => checker.safeParse(raw).success;
  expect(takes({ extends: "lora", train: { steps: 5 }, losses: { lll: { layers: [-1] } } })).toBe(true);
  expect(takes({ train: { stepps: 5 } })).toBe(false);
  expect(takes({ train: { steps: 0 } })).toBe(false);
  expect(takes({ losses: { lll: { negatives: "some" } } })).toBe(false);
  expect(takes({ extends: "fulll" })).toBe(false);
});

it("says of every setting what it is", async () => {
  const schema = await configJsonSchema();
  expect(unsaid(schema)).toEqual([]);
  expect(partAt(schema, ["train", "warmupShare"])).toMatchObject({ default: 0.05, description: /rises/ });
});

it("may be named in a config, which it does not change", () =>
  inTemporaryFolder(async (temporary) => {
    const own = join(temporary, "own.json");
    await writeFile(own, JSON.stringify({ $schema: "./train-config.schema.json", extends: "full" }));
    expect(await loadConfig({ file: own })).toEqual(await loadConfig({ preset: "full" }));
  }));

/** Paths without a description. */
function unsaid({ properties = {}, items }: JsonSchema, path = ""): string[] {
  const here = Object.entries(properties).flatMap(([key, part]) => [
    ...(part.description ? [] : [path + key]),
    ...unsaid(part, `${path}${key}.`),
  ]);
  return [...here, ...(items === undefined ? [] : unsaid(items, `${path}[].`))];
}
