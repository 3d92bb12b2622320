/** Field names of Hugging Face's JSON files (snake_case) and of our code (camelCase). */
import { z } from "zod";
import { UserError } from "../common/errors.ts";
import { float } from "./json.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Reads JSON by a schema of camelCase names; throws a UserError that names every wrong field as the file does. */
export function parseFields<T extends z.ZodType>(schema: T, json: unknown, source: string): z.output<T> {
  const result = schema.safeParse(renameKeys(json, camel));
  if (result.success) return result.data;
  const problems = result.error.issues.map(
    ({ path, message }) => `${path.map(String).map(snake).join(".")}: ${message}`,
  );
  throw new UserError(`${source}: ${problems.join("; ")}`);
}

/** The schema of a part of a config whose `model_type`, where it is missing, means this one. */
export function withModelType<T extends z.ZodType>(modelType: string, schema: T) {
  const complete = (value: unknown) =>
    typeof value === "object" && value !== null ? { modelType, ...value } : value;
  return z.preprocess(complete, schema);
}

/** The same tree with Python's names, and floats spelt so that Python reads floats. */
export function snakeKeys(value: object): Fields {
  return withFloats(renameKeys(value, snake)) as Fields;
}

const camel = (key: string) => key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
const snake = (key: string) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Fields that Python must read as floats, also where their value is whole. */
const floatFields = new Set([
  "attn_logit_softcapping",
  "final_logit_softcapping",
  "layer_norm_eps",
  "rms_norm_eps",
  "initializer_range",
  "rope_theta",
  "factor",
  "low_freq_factor",
  "high_freq_factor",
  "beta_fast",
  "beta_slow",
  "attention_factor",
  "mscale",
  "mscale_all_dim",
]);

function withFloats(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withFloats);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [
    key,
    floatFields.has(key) && typeof item === "number" ? float(item) : withFloats(item),
  ]);
  // A spelt float is an object of its own kind, which must stay as it is.
  return value.constructor === Object ? Object.fromEntries(entries) : value;
}

function renameKeys(value: unknown, rename: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => renameKeys(item, rename));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [rename(key), renameKeys(item, rename)]),
  );
}
