import { mustBe, UserError } from "../common/errors.ts";
import { print, printJson } from "./say.ts";

/** Every value of an option that may be given several times, as it stands: a comma is part of its value. */
export function repeatedWhole(rawArgs: readonly string[], name: string): string[] {
  return rawArgs.flatMap((arg, i) => {
    if (arg.startsWith(`--${name}=`)) return [arg.slice(name.length + 3)];
    return arg === `--${name}` && i + 1 < rawArgs.length ? [rawArgs[i + 1]] : [];
  });
}

/** Every value of an option that may be given several times (`--concept cat --concept dog` or `cat,dog`). */
export function repeated(rawArgs: readonly string[], name: string): string[] {
  return repeatedWhole(rawArgs, name)
    .flatMap((value) => value.split(","))
    .map((value) => value.trim())
    .filter((value) => value !== "");
}

/** The value of an option that must be given. */
export function needed(command: string, name: string, value: string | undefined, hint?: string): string {
  if (value === undefined || value === "")
    throw new UserError(`${command}: ${name} must be given${hint === undefined ? "" : `; ${hint}`}`);
  return value;
}

/** A number in [least, most]; a whole one unless `fraction` is set. Undefined stays undefined. */
export function numberIn(
  command: string,
  name: string,
  value: string | undefined,
  rule: { readonly least: number; readonly most?: number; readonly fraction?: boolean },
): number | undefined {
  if (value === undefined) return undefined;
  const { least, most = Number.POSITIVE_INFINITY, fraction = false } = rule;
  const number = value.trim() === "" ? Number.NaN : Number(value);
  const fits = number >= least && number <= most && (fraction || Number.isInteger(number));
  if (fits) return number;
  const kind = fraction ? "a number" : "a whole number";
  const range = most === Number.POSITIVE_INFINITY ? `of at least ${least}` : `from ${least} to ${most}`;
  throw mustBe(command, name, `${kind} ${range}`, value);
}

/** One of a closed list. */
export function oneOf<T extends string>(
  command: string,
  name: string,
  value: string,
  known: readonly T[],
): T {
  const found = known.find((item) => item === value);
  if (found === undefined) throw mustBe(command, name, `one of ${known.join(", ")}`, value);
  return found;
}

/** Prints one JSON object on standard output, or lines for people. */
export function report(asJson: boolean, value: object, lines: readonly string[]): void {
  if (asJson) printJson(value);
  else print(lines.join("\n"));
}
