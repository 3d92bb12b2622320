/** Fields of a GGUF file by name, each of the kind that is asked for; one line for a field of another kind. */
import { damage } from "../weights/safetensors.ts";
import type { GgufHeader, GgufValue } from "./header.ts";

export interface GgufFields {
  has(name: string): boolean;
  text(name: string): string | undefined;
  flag(name: string): boolean | undefined;
  number(name: string): number | undefined;
  /** A whole number from `least` (default: 1) on; a list of one number again and again is that number. */
  whole(name: string, least?: number): number | undefined;
  texts(name: string): readonly string[] | undefined;
  numbers(name: string): ArrayLike<number> | undefined;
  /** What is there, or a UserError that names the field. */
  must<T>(value: T | undefined, name: string): T;
  /** The error of a field that is not as it must be. */
  wrong(name: string, expected: string, found: unknown): Error;
}

export function ggufFields({ fields, place }: GgufHeader & { readonly place: string }): GgufFields {
  const wrong = (name: string, expected: string, found: unknown) =>
    damage(place, `field ${name}: expected ${expected}, found ${shown(found)}`);
  const get = <T extends GgufValue>(name: string, expected: string, is: (value: GgufValue) => value is T) => {
    const value = fields.get(name);
    if (value === undefined || is(value)) return value;
    throw wrong(name, expected, value);
  };
  return {
    has: (name) => fields.has(name),
    text: (name) => get(name, "a text", (value) => typeof value === "string"),
    flag: (name) => get(name, "true or false", (value) => typeof value === "boolean"),
    number: (name) => get(name, "a number", isNumber),
    whole(name, least = 1) {
      const value = fields.get(name);
      const one = value === undefined ? undefined : repeated(value);
      if (value === undefined || isWhole(one, least)) return one as number | undefined;
      throw wrong(name, `a whole number from ${least} on, the same in every layer`, value);
    },
    texts: (name) => get(name, "a list of texts", isTexts),
    numbers: (name) => get(name, "a list of numbers", isNumbers),
    must(value, name) {
      if (value === undefined) throw wrong(name, "one", undefined);
      return value;
    },
    wrong,
  };
}

const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
const isWhole = (value: unknown, least: number): value is number =>
  Number.isSafeInteger(value) && (value as number) >= least;
const isTexts = (value: GgufValue): value is readonly string[] =>
  Array.isArray(value) && (value.length === 0 || typeof value[0] === "string");
const isNumbers = (value: GgufValue): value is readonly number[] =>
  Array.isArray(value) && (value.length === 0 || typeof value[0] === "number");

function repeated(value: GgufValue): unknown {
  return Array.isArray(value) && value.every((item) => item === value[0]) ? value[0] : value;
}

/** In a message, shortened before it is written out: lists may have a million items, and texts as many characters. */
function shown(value: unknown): string {
  if (value === undefined) return "none";
  const short = Array.isArray(value)
    ? [...value.slice(0, 5).map(brief), ...(value.length > 5 ? ["..."] : [])]
    : brief(value);
  const text = JSON.stringify(short);
  return text.length > 100 ? `${text.slice(0, 100)}...` : text;
}

function brief(value: unknown): unknown {
  if (typeof value === "string") return value.slice(0, 100);
  return typeof value === "number" && !Number.isFinite(value) ? `${value}` : value; // JSON would say null.
}
