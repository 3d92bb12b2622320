/** YAML from files that people wrote. */
import { parse } from "yaml";
import { mustBe, UserError } from "./errors.ts";

/** More than any config has; keys that stand twice are looked for in a time that grows with the square. */
const longest = 100_000;

/** What a text of YAML holds, which may be JSON. Throws a `UserError` of one line that names the `place`. */
export function parseYaml(text: string, place: string): unknown {
  if (text.length > longest) throw mustBe(place, "YAML", `at most ${longest} characters`, text.length);
  try {
    return parse(text, { prettyErrors: text.length < 10_000 }); // A line and a column for each of very many errors.
  } catch (cause) {
    throw new UserError(`${place}: ${(cause as Error).message.split("\n")[0].replace(/:$/, "")}`, { cause });
  }
}
