/** `--allow-host` and `--allow-origin` of the commands that serve. */
import { mustBe } from "../common/errors.ts";
import { type CallerRules, nameOf } from "../serve/hosts.ts";
import { repeated } from "./arguments.ts";

/** Names and pages that may call the server. Throws a UserError for what is none. */
export function callersFrom(
  command: string,
  rawArgs: readonly string[],
): Pick<CallerRules, "allowHosts" | "allowOrigins"> {
  const allowHosts = repeated(rawArgs, "allow-host");
  for (const host of allowHosts)
    if (nameOf(host) === undefined)
      throw mustBe(command, "--allow-host", "a name or an address, as example.com", host);
  const allowOrigins = repeated(rawArgs, "allow-origin").map((origin) => {
    const isOrigin = URL.canParse(origin) && new URL(origin).origin === origin.toLowerCase();
    if (isOrigin) return origin.toLowerCase();
    throw mustBe(
      command,
      "--allow-origin",
      "a page's address without a path, as https://example.com",
      origin,
    );
  });
  return { allowHosts, allowOrigins };
}
