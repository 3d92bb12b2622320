/** The script of HTML reports, in Node: as the package has it built, or made from the sources of a clone. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const packaged = fileURLToPath(new URL("../built/report.js", import.meta.url));

let made: Promise<string> | undefined;

/** Made once in a process. It is not kept in the repository: a copy would be renewed with every change of an element. */
export function reportScript(): Promise<string> {
  made ??= existsSync(packaged)
    ? readFile(packaged, "utf8")
    : import("./build.ts").then(({ bundleReport }) => bundleReport());
  return made;
}

const packagedTokens = fileURLToPath(new URL("../built/tokens.css", import.meta.url));
const ownTokens = fileURLToPath(new URL("../tokens.css", import.meta.url));

/** Colours, type and spacing of pages, as CSS. */
export function tokensCss(): Promise<string> {
  return readFile(existsSync(packagedTokens) ? packagedTokens : ownTokens, "utf8");
}
