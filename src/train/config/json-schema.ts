/**
 * The config's JSON schema, by which editors complete keys, show what they mean and mark mistakes. It stands in
 * train-config.schema.json beside this file (`npm run schema` writes it), which the presets name in their first line.
 */
import { z } from "zod";
import { presetNames } from "./config.ts";
import { configSchema } from "./schema.ts";
import type { JsonSchema } from "./schema-parts.ts";

/** What a config file may hold (JSON Schema, draft 2020-12). Rules between fields are checked when a run begins. */
export async function configJsonSchema(): Promise<JsonSchema> {
  const { $schema, properties, ...rest } = z.toJSONSchema(configSchema, {
    unrepresentable: "any",
    io: "input",
  });
  return {
    $schema,
    title: "Config of a training run of Fovea",
    ...rest,
    properties: {
      $schema: { description: "The schema that an editor checks this file by; not read.", type: "string" },
      extends: {
        description: "A preset, of which what is left out here is taken.",
        enum: await presetNames(),
      },
      ...properties,
    },
  } as JsonSchema;
}
