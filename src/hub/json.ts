/**
 * JSON whose numbers keep their spelling from reading to writing. Python tells 1.0 from 1 and checks it:
 * transformers refuses a config in which a whole number stands for a float, and JavaScript alone would write
 * one. The spelling travels under a symbol key: spreading an object keeps it, Object.entries does not see it.
 *
 *     parseJson(text, place) -> value, as JSON.parse
 *     formatJson(value)      -> text, two spaces of indent and a line end
 *     float(1)               -> a value that is written as 1.0
 */
import { mustBeShallow } from "../common/json.ts";

const spellings = Symbol("spellings of numbers");

type Holder = Record<string, unknown> & { [spellings]?: Record<string, string> };

// Both are in Node since 21, but not yet in TypeScript's library; and not in every browser, where numbers lose their spelling.
type Reviver = (this: Holder, key: string, value: unknown, context?: { source?: string }) => unknown;
const { parse, rawJSON = Number } = JSON as unknown as {
  parse(text: string, reviver: Reviver): unknown;
  rawJSON?(text: string): unknown;
};

/** Throws a SyntaxError as JSON.parse does, and a UserError that names the place for what is too deep. */
export function parseJson(text: string, place = "JSON"): unknown {
  mustBeShallow(text, place);
  return parse(text.replace(/^\ufeff/, ""), function (key, value, context) {
    const source = context?.source;
    if (typeof value === "number" && source !== undefined && String(value) !== source) {
      this[spellings] ??= {};
      this[spellings][key] = source;
    }
    return value;
  });
}

/** A number keeps the spelling it was read with as long as its value is the same. */
export function formatJson(value: unknown): string {
  const replace = function (this: Holder, key: string, item: unknown) {
    const source = this[spellings]?.[key];
    return source !== undefined && Object.is(Number(source), item) ? rawJSON(source) : item;
  };
  return `${JSON.stringify(value, replace, 2)}\n`;
}

/** A number that Python must read as a float, for what {@link formatJson} or JSON.stringify writes. */
export function float(value: number): unknown {
  return Number.isInteger(value) && Math.abs(value) < 1e21 ? rawJSON(value.toFixed(1)) : value;
}
