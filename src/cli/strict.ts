import type { ArgsDef } from "citty";
import { mustBe, UserError } from "../common/errors.ts";
import { didYouMean } from "./suggest.ts";

/**
 * Refuses what citty lets pass: options that the command does not have, values that are missing, options given
 * twice (unless they are `repeatable`) and stray words; a repeatable positional takes any number of words. `command` is
 * named in the errors.
 */
export function strictArgs(
  command: string,
  rawArgs: readonly string[],
  definition: ArgsDef,
  repeatable: readonly string[] = [],
): void {
  const known = new Map(Object.entries(definition).map(([name, arg]) => [name, arg.type ?? "string"]));
  const positionals = [...known].filter(([, type]) => type === "positional").map(([name]) => name);
  const endless = positionals.some((name) => repeatable.includes(name));
  let places = endless ? Number.POSITIVE_INFINITY : positionals.length;
  const seen = new Set<string>();
  for (let i = 0; i < rawArgs.length; i++) {
    const word = rawArgs[i];
    if (!word.startsWith("-") || word === "-") {
      if (places-- <= 0)
        throw new UserError(
          `${command}: unexpected argument ${JSON.stringify(word)}; fovea ${command} --help shows how it is called`,
        );
      continue;
    }
    const [flag, ...inline] = word.split("=");
    const name = optionName(command, flag, known);
    if (seen.has(name) && !repeatable.includes(name))
      throw new UserError(`${command}: --${name} is given more than once`);
    seen.add(name);
    if (known.get(name) === "boolean" || inline.length > 0) continue;
    const value = rawArgs[++i];
    if (value === undefined || /^--\D/.test(value))
      throw mustBe(command, `--${name}`, "followed by a value", "none");
  }
}

function optionName(command: string, flag: string, known: ReadonlyMap<string, string>): string {
  const bare = flag.startsWith("--") ? flag.slice(2) : ""; // No option has a name of one letter.
  const positive = bare.replace(/^no-/, "");
  if (known.has(bare) && known.get(bare) !== "positional") return bare;
  if (positive !== bare && known.get(positive) === "boolean") return positive;
  const options = [...known].filter(([, type]) => type !== "positional").map(([option]) => option);
  const near = didYouMean(flag.replace(/^-+/, ""), options, (option) => `--${option}`);
  const hint = near ?? `it takes ${options.map((option) => `--${option}`).join(", ")}`;
  throw new UserError(`${command}: unknown option ${flag}; ${hint}`);
}
