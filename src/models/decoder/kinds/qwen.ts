/** Qwen2 (arXiv 2407.10671), Qwen3 (arXiv 2505.09388), and the text sides of Qwen2.5-VL and Qwen3-VL, which are these. */
import { z } from "zod";
import { positions, size } from "../../contract/config-fields.ts";
import { type Completed, common, llamaRecipe, sizes, type TextKind, uniformDecoder } from "./kind.ts";

const windowed = {
  useSlidingWindow: z.boolean().default(false),
  slidingWindow: positions.nullish().default(4096),
};

export const qwen2Schema = z.object({
  modelType: z.enum(["qwen2", "qwen2_5_vl_text"]),
  ...common,
  ...sizes(151936, 4096, 22016, 32, 32768),
  numKeyValueHeads: size.nullish().default(32),
  ...windowed,
});

type Qwen2Text = Completed<z.output<typeof qwen2Schema>>;

export const qwen2: TextKind<Qwen2Text> = {
  defaultTheta: 10000,
  decoder: (text) => ({
    ...uniformDecoder(text, { ...llamaRecipe(text), qkvBias: true }),
    slidingWindow: windowOf(text),
  }),
};

export const qwen25VlText: TextKind<Qwen2Text> = { ...qwen2, defaultTheta: 1000000, alone: "qwen2" };

export const qwen3Schema = z.object({
  modelType: z.enum(["qwen3", "qwen3_vl_text"]),
  ...common,
  ...sizes(151936, 4096, 22016, 32, 32768),
  numKeyValueHeads: size.nullish().default(32),
  headDim: size.nullish().default(128),
  attentionBias: z.boolean().default(false),
  ...windowed,
});

type Qwen3Text = Completed<z.output<typeof qwen3Schema>>;

export const qwen3: TextKind<Qwen3Text> = {
  defaultTheta: 10000,
  decoder(text) {
    const biases = { qkvBias: text.attentionBias, outputBias: text.attentionBias };
    const recipe = { ...llamaRecipe(text), ...biases, queryKeyNorm: true };
    return { ...uniformDecoder(text, recipe), slidingWindow: windowOf(text) };
  },
};

export const qwen3VlText: TextKind<Qwen3Text> = { ...qwen3, defaultTheta: 500000, alone: "qwen3" };

function windowOf({ useSlidingWindow, slidingWindow }: Qwen2Text | Qwen3Text): number | null {
  return useSlidingWindow ? (slidingWindow ?? null) : null;
}
