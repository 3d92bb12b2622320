/** Fields that all image processors of transformers have, as preprocessor_config.json spells them. */
import * as z from "zod";
import { UserError } from "../../common/errors.ts";
import { filterNumbers, filterRule } from "./resample.ts";

export const whole = z
  .int()
  .positive()
  .max(2 ** 40);

/** Both sides by name, in this order, or one number for a square. */
export const sides = z
  .union([z.strictObject({ height: whole, width: whole }), z.tuple([whole, whole]), whole], {
    error: "must be {height, width}",
  })
  .transform((size) => {
    if (typeof size === "number") return { height: size, width: size };
    return Array.isArray(size) ? { height: size[0], width: size[1] } : size;
  });

/** One number for each channel, or one for all. */
const rgb = z
  .union([z.tuple([z.number(), z.number(), z.number()]), z.number()], {
    error: "must be one number or three",
  })
  .transform((value) => (typeof value === "number" ? ([value, value, value] as const) : value));

export const commonFields = {
  do_resize: z.boolean().nullish(),
  resample: z.literal(filterNumbers, { error: filterRule }).nullish(),
  do_rescale: z.boolean().nullish(),
  rescale_factor: z.number().nullish(),
  do_normalize: z.boolean().nullish(),
  image_mean: rgb.nullish(),
  image_std: rgb.nullish(),
};

/** What a file says of these. */
export type CommonSettings = z.output<z.ZodObject<typeof commonFields>>;

/** Reads a file's settings; throws a UserError that names the first wrong field. */
export function parseSettings<T extends z.ZodType>(schema: T, json: unknown, file: string): z.output<T> {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new UserError(`${file}: ${issue.path.join(".") || "content"}: ${issue.message}`);
}
