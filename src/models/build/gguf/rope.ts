/** The rotary embedding of a GGUF file: its base and how it reaches longer contexts, as `rope_parameters`. */
import { UserError } from "../../../common/errors.ts";
import { ggufTensors } from "../../../hub/gguf/checkpoint.ts";
import type { GgufFields } from "../../../hub/gguf/fields.ts";
import type { GgufFile } from "../../../hub/gguf/open.ts";
import type { Json } from "../../../hub/text/tokenizer.ts";
import { floatsOf } from "../../../hub/weights/tensor-stream.ts";
import { inverseFrequencies } from "../../../nn/rotary.ts";
import { rotaryOf } from "../../decoder/rope.ts";
import { ropeFactors } from "./names.ts";

interface Sizes {
  readonly headDim: number;
  readonly longest: number;
}

/** Fields of the rotary embedding that are read. */
const known = [
  "rope.dimension_count",
  "rope.freq_base",
  "rope.scale_linear",
  "rope.scaling.type",
  "rope.scaling.factor",
  "rope.scaling.original_context_length",
  "rope.scaling.finetuned",
  "rope.scaling.yarn_beta_fast",
  "rope.scaling.yarn_beta_slow",
];

/** Throws a UserError that names the field for a scaling that is not computed here. */
export async function ropeOf(
  gguf: GgufFile,
  fields: GgufFields,
  key: (field: string) => string,
  sizes: Sizes,
): Promise<Json> {
  for (const name of gguf.fields.keys())
    if (name.startsWith(key("rope.")) && !known.some((field) => name === key(field)))
      throw fields.wrong(name, "no such field: Fovea does not compute it", gguf.fields.get(name));
  const theta = fields.number(key("rope.freq_base")) ?? 10000;
  const base = { rope_theta: theta };
  const type = fields.text(key("rope.scaling.type")) ?? "none";
  const factor = fields.number(key("rope.scaling.factor")) ?? fields.number(key("rope.scale_linear")) ?? 1;
  if (gguf.tensors.has(ropeFactors)) return { ...base, ...(await llama3(gguf, theta, sizes)) };
  if (type === "none" || (type === "linear" && factor === 1)) return { ...base, rope_type: "default" };
  if (type === "linear") return { ...base, rope_type: "linear", factor: factor };
  if (type !== "yarn") throw fields.wrong(key("rope.scaling.type"), "none, linear or yarn", type);
  const original = fields.whole(key("rope.scaling.original_context_length"));
  const betas = {
    beta_fast: fields.number(key("rope.scaling.yarn_beta_fast")),
    beta_slow: fields.number(key("rope.scaling.yarn_beta_slow")),
  };
  const given = Object.entries(betas).filter(([, beta]) => beta !== undefined);
  return {
    ...base,
    rope_type: "yarn",
    factor: factor,
    original_max_position_embeddings: original ?? sizes.longest,
    ...Object.fromEntries(given),
  };
}

/** What all published models of Llama 3.1, 3.2 and 3.3 have; their `factor` differs. */
const published = { lowFreqFactor: 1, highFreqFactor: 4, originalMaxPositionEmbeddings: 8192 };

/**
 * The converter keeps the factors by which frequencies are divided, and not what they were computed from: the largest is
 * `factor`, and the others must follow from it and what is published. Throws a UserError for other factors.
 */
async function llama3(gguf: GgufFile, theta: number, { headDim }: Sizes): Promise<Json> {
  const entry = ggufTensors(gguf).get(ropeFactors);
  const others = new UserError(
    `${gguf.place}: tensor ${ropeFactors}: expected ${headDim / 2} factors as in Llama 3.1 (rope type llama3), found others`,
  );
  if (entry?.shape.length !== 1 || entry.shape[0] !== headDim / 2) throw others;
  const stored = await floatsOf(entry);
  const factor = stored.reduce((a, b) => Math.max(a, b), 1);
  const plain = inverseFrequencies(headDim, theta);
  const { frequencies } = rotaryOf({ ropeType: "llama3", ropeTheta: theta, factor, ...published }, headDim);
  const isThat = (i: number) => Math.abs((stored[i] * frequencies[i]) / plain[i] - 1) < 1e-4;
  if (!plain.every((_, i) => isThat(i))) throw others;
  return {
    rope_type: "llama3",
    factor: factor,
    low_freq_factor: published.lowFreqFactor,
    high_freq_factor: published.highFreqFactor,
    original_max_position_embeddings: published.originalMaxPositionEmbeddings,
  };
}
