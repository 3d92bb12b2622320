import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { z } from "zod";
import { UserError } from "../../../common/errors.ts";
import type { Size } from "../families.ts";
import type { Ask, Reply } from "../providers/provider.ts";

/** US dollars for a million tokens. */
export interface Price {
  readonly input: number;
  readonly output: number;
}

const dollars = z.number().min(0);
const pricesSchema = z.strictObject({
  date: z.string(),
  models: z.record(z.string(), z.strictObject({ input: dollars, output: dollars })),
});

/** The price of a model from `prices.yaml` and the user's own; undefined when none is known. Local models are free. */
export async function priceOf(
  model: string,
  isLocal: boolean,
  given: { readonly input?: number; readonly output?: number } = {},
): Promise<Price | undefined> {
  const listed = isLocal ? { input: 0, output: 0 } : await listedPrice(model);
  const { input = listed?.input, output = listed?.output } = given;
  return input === undefined || output === undefined ? undefined : { input, output };
}

async function listedPrice(model: string): Promise<Price | undefined> {
  const file = new URL("./prices.yaml", import.meta.url);
  const { models } = pricesSchema.parse(parse(await readFile(file, "utf8")));
  const starts = Object.keys(models).filter((start) => startsAt(model, start));
  const longest = starts.sort((a, b) => b.length - a.length)[0];
  return longest === undefined ? undefined : models[longest];
}

/** "gpt-5" is the start of "gpt-5-2025-08-07", but not of "gpt-5.5" and "gpt-5-pro", which cost something else. */
function startsAt(model: string, start: string): boolean {
  return (
    model.startsWith(start) &&
    /^(?:$|[-@](?:\d{4,}|latest|preview|\d+$|\d+-\d{6,}))/.test(model.slice(start.length))
  );
}

/** Dollars for some tokens. */
export function costOf(price: Price, { inputTokens = 0, outputTokens = 0 }: Partial<Reply>): number {
  return (price.input * inputTokens + price.output * outputTokens) / 1e6;
}

/**
 * About how many tokens a question is: four characters of text a token, and one for every 28 x 28 pixels of the picture
 * (as Claude and Qwen count; OpenAI and Google count fewer for small pictures), and never less than Google's 258.
 */
export function estimateInput({ image, prompt }: Pick<Ask, "prompt"> & { image: Size }): number {
  const patches = Math.ceil(image.width / 28) * Math.ceil(image.height / 28);
  return Math.max(258, patches) + Math.ceil(prompt.length / 4) + 20;
}

/** What a run may cost. */
export interface Budget {
  /** Dollars spent so far. */
  readonly spent: () => number;
  /** Sets the most that one question can cost aside; false when that could exceed the limit. */
  reserve(dollars: number): boolean;
  /** Gives the reservation back and counts what was spent. */
  settle(reserved: number, dollars: number): void;
  /** Whether questions are under way whose reservations may come back. */
  readonly waiting: () => boolean;
}

export function createBudget(limit: number | undefined, alreadySpent: number): Budget {
  let spent = alreadySpent;
  let reserved = 0;
  let open = 0;
  return {
    spent: () => spent,
    reserve(dollars) {
      if (limit !== undefined && spent + reserved + dollars > limit) return false;
      reserved += dollars;
      open++;
      return true;
    },
    settle(held, dollars) {
      reserved = Math.max(0, reserved - held);
      spent += dollars;
      open--;
    },
    waiting: () => open > 0,
  };
}

/** Throws where a limit cannot be kept because nobody knows the price. */
export function neededPrice(model: string, price: Price | undefined): Price {
  if (price !== undefined) return price;
  throw new UserError(
    `eval: --max-cost needs the price of ${model}, which is not listed; give --price-in and --price-out (US dollars ` +
      "for a million tokens)",
  );
}
