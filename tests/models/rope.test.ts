import { expect, test } from "vitest";
import { parseFields } from "../../src/hub/fields.ts";
import { completeText, decoderOf, textSchema } from "../../src/models/decoder/text-config.ts";
import { parseQwen25VlConfig } from "../../src/models/qwen2_5_vl/config.ts";
import { parseQwen3VlConfig } from "../../src/models/qwen3_vl/config.ts";
import cases from "../fixtures/models/ropes.json" with { type: "json" };

type Config = Readonly<Record<string, unknown>> & { readonly model_type: string };

function decoder(config: Config) {
  const whole = { text_config: config, vision_config: { out_hidden_size: config.hidden_size } };
  if (config.model_type === "qwen2_5_vl_text")
    return decoderOf(parseQwen25VlConfig({ model_type: "qwen2_5_vl", ...whole }).textConfig);
  if (config.model_type === "qwen3_vl_text")
    return decoderOf(parseQwen3VlConfig({ model_type: "qwen3_vl", ...whole }).textConfig);
  return decoderOf(completeText(parseFields(textSchema, config, "config.json"), "config.json"));
}

test.each(cases)("transformers' frequencies of $config", ({ config, frequencies, scale, axes }) => {
  const { all: rotary } = decoder(config as Config).rotary;
  expect(rotary.frequencies).toHaveLength(frequencies.length);
  for (const [i, f] of frequencies.entries()) expect(rotary.frequencies[i] / f).toBeCloseTo(1, 6);
  expect(rotary.scale ?? 1).toBeCloseTo(scale, 12);
  expect(rotary.axes ?? null).toEqual(axes);
});

const llama = { model_type: "llama", hidden_size: 32, num_attention_heads: 2 };

test.each([
  [{ rope_type: "longrope" }, 'rope type must be one of default, linear, llama3, yarn, got "longrope"'],
  [{ type: "dynamic", factor: 2 }, 'rope type must be one of default, linear, llama3, yarn, got "dynamic"'],
  [{ rope_type: "proportional" }, "rope type must be one of"],
  [{ rope_type: "linear" }, "rope_parameters.factor must be a number for rope type linear, got undefined"],
  [
    { rope_type: "llama3", factor: 8 },
    "rope_parameters.low_freq_factor must be a number for rope type llama3",
  ],
  [
    { rope_type: "linear", factor: 2, partial_rotary_factor: 0.5 },
    "partial_rotary_factor must be 1: whole heads",
  ],
  [{ full_attention: { rope_type: "default" } }, "rope_parameters must be one set for all layers"],
])("refuses %o by name", (rope_parameters, message) => {
  expect(() => decoder({ ...llama, rope_parameters })).toThrow(`config.json: text_config: ${message}`);
});
