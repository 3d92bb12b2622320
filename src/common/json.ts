/** JSON from files and requests that strangers wrote. */
import { UserError } from "./errors.ts";

/** Far more than any file needs, and few enough that a function which calls itself at each level has room. */
const deepest = 500;

/**
 * What a text of JSON holds. Throws a `UserError` of one line that names the `place`, a file or a line of it, when it is
 * not JSON, or when lists and objects stand inside one another deeper than {@link deepest}.
 */
export function parseJson(text: string, place: string): unknown {
  mustBeShallow(text, place);
  try {
    return JSON.parse(text.replace(/^\ufeff/, "")); // Editors on Windows put a byte order mark before it.
  } catch (cause) {
    const reason = (cause as Error).message.replaceAll(/\s+/g, " "); // Engines quote the place with its line ends.
    throw new UserError(`${place}: must be JSON: ${reason}`, { cause });
  }
}

/** Before anything is parsed: what walks over a deep value, calling itself, would end the process. */
export function mustBeShallow(text: string, place: string): void {
  if (text.length > 2 * deepest && depthOf(text) > deepest)
    throw new UserError(`${place}: lists and objects must stand at most ${deepest} deep in one another`);
}

const [quote, backslash, openList, closeList, openObject, closeObject] = [0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d];

/** How deep the brackets outside of texts go; stops where it is deeper than allowed. */
function depthOf(text: string): number {
  let [depth, most] = [0, 0];
  for (let at = 0; at < text.length && most <= deepest; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) at = endOfText(text, at);
    else if (code === openList || code === openObject) most = Math.max(most, ++depth);
    else if (code === closeList || code === closeObject) depth--;
  }
  return most;
}

/** Where the text that begins at `from` ends: its closing quote, or the end of everything. */
function endOfText(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) return at;
    if (code === backslash) at++;
  }
  return text.length;
}
