/** Walking through a JSON schema by the keys of a config. */

/** A schema's part, as far as it is read here. */
export interface JsonSchema {
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
}

/** The part of a schema under keys such as `train`, `learningRate`; undefined where it has none. */
export function partAt(schema: JsonSchema, keys: readonly PropertyKey[]): JsonSchema | undefined {
  const step = (part: JsonSchema | undefined, key: PropertyKey) =>
    typeof key === "number" ? part?.items : part?.properties?.[String(key)];
  return keys.reduce<JsonSchema | undefined>(step, schema);
}
