/** Reads and checks a training config: from a file or a preset, with overrides. */
import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { mustBe, UserError } from "../../common/errors.ts";
import { readRegular } from "../../common/inside.ts";
import { parseYaml } from "../../common/yaml.ts";
import { configError } from "./errors.ts";
import { configSchema } from "./schema.ts";
import { type JsonSchema, partAt } from "./schema-parts.ts";

/** Everything that a run depends on; defaults filled in, derived sizes left out. */
export type TrainConfig = z.infer<typeof configSchema>;

/** A config as it is written: what has a default may be left out. */
export type TrainConfigInput = z.input<typeof configSchema>;

type Raw = Record<string, unknown>;

/**
 * Reads a config: a preset or a YAML or JSON file, then `overrides` such as `train.learningRate=1e-3`, then
 * defaults.
 * @throws UserError with one line and path for each mistake
 */
export async function loadConfig(
  from: { file?: string; preset?: string },
  overrides: readonly string[] = [],
): Promise<TrainConfig> {
  const [source, raw] = await readSource(from);
  for (const text of overrides) override(raw, text);
  return checkConfig(raw, source);
}

/**
 * A whole config from its settings: `defineConfig({ data: { folder: "my-images" }, losses: { lll: {} } })`.
 * @throws UserError with one line and path for each mistake
 */
export function defineConfig(settings: TrainConfigInput): TrainConfig {
  return checkConfig(settings);
}

/** A config with settings such as `train.learningRate=1e-3` laid over it. @throws UserError that names `source` */
export function withOverrides(
  config: TrainConfig,
  overrides: readonly string[],
  source: string,
): TrainConfig {
  const raw: Raw = structuredClone(config);
  for (const text of overrides) override(raw, text);
  return checkConfig(raw, source);
}

/** Checks a raw config and fills in defaults. */
export function checkConfig(raw: unknown, source = "config"): TrainConfig {
  const checked = configSchema.safeParse(raw);
  if (!checked.success) throw configError(source, checked.error.issues, raw, keysAt);
  checkTogether(checked.data, source);
  return checked.data;
}

/** Rules between fields. */
function checkTogether(config: TrainConfig, source: string): void {
  const { vision, decoder } = config.model;
  const { train, stages, lora } = config;
  const rule = (holds: boolean, path: string, text: string, got: unknown) => {
    if (!holds) throw mustBe(source, path, text, got);
  };
  const { imageSize, patchSize } = vision;
  rule(
    imageSize % patchSize === 0,
    "model.vision.imageSize",
    `a multiple of patchSize ${patchSize}`,
    imageSize,
  );
  rule(
    vision.width % vision.heads === 0,
    "model.vision.width",
    `a multiple of heads ${vision.heads}`,
    vision.width,
  );
  const twice = 2 * decoder.heads;
  rule(decoder.width % twice === 0, "model.decoder.width", `a multiple of 2 * heads ${twice}`, decoder.width);
  const grouped = decoder.heads % decoder.keyValueHeads === 0;
  rule(grouped, "model.decoder.keyValueHeads", `a divisor of heads ${decoder.heads}`, decoder.keyValueHeads);
  if (lora !== undefined) {
    rule(train.freeze.length === 0, "train.freeze", "empty with lora, which freezes the model", train.freeze);
    const plain = lora.dropout === 0 || lora.parts.join() === "decoder";
    rule(plain, "lora.dropout", "0 with lora.parts other than decoder", lora.dropout);
  }
  const staged = stages.reduce((sum, stage) => sum + stage.steps, 0);
  rule(staged <= train.steps, "stages", `at most train.steps ${train.steps} steps together`, staged);
}

/** Names of the presets that come with Fovea. */
export async function presetNames(): Promise<string[]> {
  const files = await readdir(new URL("./presets/", import.meta.url));
  return files.filter((file) => file.endsWith(".yaml")).map((file) => file.replace(/\.yaml$/, ""));
}

async function readSource({ file, preset }: { file?: string; preset?: string }): Promise<[string, Raw]> {
  if ((file === undefined) === (preset === undefined))
    throw new UserError("train: give either --config FILE or --preset NAME");
  if (file !== undefined) return [file, await withBase(await readRaw(file, file))];
  return [`preset ${preset}`, await readPreset(preset as string, "preset")];
}

async function readPreset(preset: string, argument: string): Promise<Raw> {
  const names = await presetNames();
  if (!names.includes(preset)) throw mustBe("train", argument, `one of ${names.join(", ")}`, preset);
  const path = fileURLToPath(new URL(`./presets/${preset}.yaml`, import.meta.url));
  return withBase(await readRaw(path, `preset ${preset}`));
}

/** `extends: NAME` in a config takes what it leaves out from that preset; `$schema` is for editors. */
async function withBase({ extends: base, $schema: _, ...own }: Raw): Promise<Raw> {
  if (base === undefined) return own;
  return merged(await readPreset(String(base), "extends"), own);
}

const isRecord = (x: unknown): x is Raw => typeof x === "object" && x !== null && !Array.isArray(x);

function merged(below: Raw, above: Raw): Raw {
  const entries = Object.entries(above).map(([key, value]) => {
    const under = below[key];
    return [key, isRecord(value) && isRecord(under) ? merged(under, value) : value] as const;
  });
  return { ...below, ...Object.fromEntries(entries) };
}

/** JSON is YAML too, so one parser reads both. */
async function readRaw(path: string, source: string): Promise<Raw> {
  const bytes = await readRegular(path, `train: config ${path}`, 2 ** 20, "a readable file");
  return asRecord(parseYaml(bytes.toString("utf8"), source) ?? {}, source);
}

function asRecord(value: unknown, source: string): Raw {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Raw;
  throw mustBe(source, "the config", "a mapping", JSON.stringify(value));
}

/** Puts `a.b.c=value` into a raw config; the value is read as YAML, a number in the path counts in a list. */
function override(raw: Raw, text: string): void {
  const at = text.indexOf("=");
  if (at < 1) throw mustBe("train", "--set", "path=value", text, "for example train.learningRate=1e-3");
  const keys = text.slice(0, at).split(".");
  let inside = raw;
  for (const key of keys.slice(0, -1)) {
    inside[key] ??= {};
    const next = inside[key];
    if (typeof next !== "object" || next === null || key === "__proto__")
      throw mustBe("train", `--set ${text}`, `a path; ${key} is a value`, next);
    inside = next as Raw;
  }
  const [key, value] = [keys.at(-1) as string, parseYaml(text.slice(at + 1), `train: --set ${text}`)];
  inside[key] = isRecord(value) && isRecord(inside[key]) ? { ...inside[key], ...value } : value;
}

/** The known keys at a path of the schema, for the hint beside an unknown one. */
function keysAt(path: readonly PropertyKey[]): readonly string[] {
  const schema = z.toJSONSchema(configSchema, { unrepresentable: "any", io: "input" });
  return Object.keys(partAt(schema as JsonSchema, path)?.properties ?? {});
}
