/** What questions cost, and a limit on it. */
import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { z } from "zod";
import { UserError } from "../../common/errors.ts";
import type { Size } from "../../common/image.ts";
import type { Ask, Reply } from "../providers/provider.ts";

/** US dollars for a million tokens. */
export interface Price {
  readonly input: number;
  readonly output: number;
  /** How the model counts a picture, where it is known. */
  readonly picture?: PictureTokens;
}

/** See `prices.yaml`. */
type PictureTokens =
  | { readonly base: number; readonly tile: number }
  | { readonly patch: number; readonly factor: number };

const amount = z.number().min(0);
const pictureSchema = z.union([
  z.strictObject({ base: amount, tile: amount }),
  z.strictObject({ patch: z.number().positive(), factor: amount }),
]);
const priceSchema = z.strictObject({ input: amount, output: amount, picture: pictureSchema.optional() });
const pricesSchema = z.strictObject({ date: z.string(), models: z.record(z.string(), priceSchema) });

/** The price of a model from `prices.yaml` and the user's own; undefined when none is known. Local models are free. */
export async function priceOf(
  model: string,
  isLocal: boolean,
  given: { readonly input?: number; readonly output?: number } = {},
): Promise<Price | undefined> {
  const listed: Price | undefined = isLocal ? { input: 0, output: 0 } : await listedPrice(model);
  const { input = listed?.input, output = listed?.output } = given;
  if (input === undefined || output === undefined) return undefined;
  return { input, output, ...(listed?.picture && { picture: listed.picture }) };
}

async function listedPrice(model: string): Promise<Price | undefined> {
  const file = new URL("./prices.yaml", import.meta.url);
  const { models } = pricesSchema.parse(parse(await readFile(file, "utf8")));
  const starts = Object.keys(models).filter((start) => startsAt(model, start));
  const longest = starts.sort((a, b) => b.length - a.length)[0];
  return longest === undefined ? undefined : (models[longest] as Price);
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

/** About how many tokens a question is: four characters of text a token, and the picture as the model counts it. */
export function estimateInput(
  { image, prompt }: Pick<Ask, "prompt"> & { readonly image: Size },
  price?: Price,
): number {
  return Math.ceil(pictureTokens(image, price?.picture) + prompt.length / 4) + 20;
}

/**
 * The most that a question is likely to be, where a server does not say: a token for every byte of text, and for a picture,
 * unless it is known how the model counts, one for every 14 x 14 pixels (a patch of the usual encoders) and at least 1200
 * (encoders that bring every picture to one size).
 */
export function maxInput(
  { image, prompt }: Pick<Ask, "prompt"> & { readonly image: Size },
  price?: Price,
): number {
  const patches = Math.ceil(image.width / 14) * Math.ceil(image.height / 14);
  const picture = price?.picture ? pictureTokens(image, price.picture) : Math.max(1200, patches);
  return Math.ceil(picture) + Buffer.byteLength(prompt) + 50;
}

function pictureTokens({ width, height }: Size, counting: PictureTokens | undefined): number {
  if (counting === undefined) return Math.max(258, Math.ceil(width / 28) * Math.ceil(height / 28));
  if ("patch" in counting) {
    const patches = Math.ceil(width / counting.patch) * Math.ceil(height / counting.patch);
    return Math.min(1536, patches) * counting.factor;
  }
  const scale = Math.min(1, 2048 / Math.max(width, height), 768 / Math.min(width, height));
  const tiles = Math.ceil((width * scale) / 512) * Math.ceil((height * scale) / 512);
  return counting.base + tiles * counting.tile;
}

/** What a run may cost. */
export interface Budget {
  /** Dollars spent so far, and how many of them are upper estimates. */
  readonly spent: () => number;
  readonly estimated: () => number;
  /** Sets the most that one question can cost aside; false when that could exceed the limit. */
  reserve(dollars: number): boolean;
  /** Gives the reservation back and counts what was spent, `estimated` where nobody reported it. */
  settle(reserved: number, dollars: number, estimated?: boolean): void;
  /** Whether questions are under way whose reservations may come back. */
  readonly waiting: () => boolean;
  /** Dollars that may be spent; undefined where there is no limit. */
  readonly limit: number | undefined;
}

export function createBudget(limit: number | undefined, alreadySpent: number, ofItEstimated = 0): Budget {
  let spent = alreadySpent;
  let guessed = ofItEstimated;
  let reserved = 0;
  let open = 0;
  return {
    spent: () => spent,
    estimated: () => guessed,
    reserve(dollars) {
      // Ten dimes are a dollar, whatever their sum in binary is.
      if (limit !== undefined && spent + reserved + dollars > limit * (1 + 1e-9)) return false;
      reserved += dollars;
      open++;
      return true;
    },
    settle(held, dollars, estimated = false) {
      reserved = Math.max(0, reserved - held);
      spent += dollars;
      if (estimated) guessed += dollars;
      open--;
    },
    waiting: () => open > 0,
    limit,
  };
}

/** Dollars for people. */
export function dollars(value: number): string {
  return `$${value === 0 || value >= 0.01 ? value.toFixed(2) : value.toPrecision(2)}`;
}

/** Throws where a limit cannot be kept because nobody knows the price. */
export function neededPrice(model: string, price: Price | undefined): Price {
  if (price !== undefined) return price;
  throw new UserError(
    `eval: --max-cost needs the price of ${model}, which is not listed; give --price-in and --price-out (US dollars ` +
      "for a million tokens)",
  );
}
