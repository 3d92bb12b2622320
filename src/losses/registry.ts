/** The losses that a training config can name, and the part of the config that names them. */
import { z } from "zod";
import { contrastive } from "./contrastive.ts";
import { klAttention } from "./kl-attention.ts";
import { logitLens } from "./logit-lens.ts";
import type { Loss } from "./loss.ts";
import { nextToken } from "./next-token.ts";

/** Every loss that a config file can name. */
export const losses = {
  ntp: nextToken,
  lll: logitLens,
  klal: klAttention,
  contrastive,
} as const satisfies Record<string, Loss>;

/** A loss that a config can name. */
export type LossName = keyof typeof losses;

/** λ of a loss in the total. */
const weight = z.number().nonnegative().default(1).describe("Factor of this loss in the total.");

/** A loss from a module of the user's own, which exports it as `loss`. */
const customSchema = z.strictObject({
  module: z.string().describe("Path of the module, relative to the config file."),
  weight,
  options: z.record(z.string(), z.unknown()).default({}).describe("Its options."),
});
export type CustomLoss = z.output<typeof customSchema>;

/** `{ ntp: { weight: 1 }, lll: { weight: 0.5, layers: "all" } }`: a loss that is not named is not used. */
export const lossesSchema = z
  .strictObject({
    ntp: nextToken.options.extend({ weight }).prefault({}).describe("Next-token prediction, on answers."),
    lll: logitLens.options
      .extend({ weight })
      .optional()
      .describe("Logit lens loss: image tokens stay decodable into the words for what their patch shows."),
    klal: klAttention.options
      .extend({ weight })
      .optional()
      .describe(
        "KL attention loss: the answer's attention is pulled onto the image tokens that hold the evidence.",
      ),
    contrastive: contrastive.options
      .extend({ weight })
      .optional()
      .describe(
        "Contrast of pictures and their texts: a picture's own text is told from the others of the batch.",
      ),
    custom: z.array(customSchema).default([]).describe("Losses of your own: docs/losses.md."),
  } satisfies Record<LossName | "custom", z.ZodType>)
  .prefault({});

/** The part `losses` of a training config, with its defaults. */
export type LossesConfig = z.output<typeof lossesSchema>;
