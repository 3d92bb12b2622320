import { UserError } from "./errors.ts";

/** What a text of JSON holds. Throws a `UserError` that names the `place`, a file or a line of it, when it is not JSON. */
export function parseJson(text: string, place: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, "")); // Editors on Windows put a byte order mark before it.
  } catch (cause) {
    throw new UserError(`${place}: must be JSON: ${(cause as Error).message}`, { cause });
  }
}
