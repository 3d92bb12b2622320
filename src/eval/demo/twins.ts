/** Where the two models of the demo are: in the repository, or in the package `fovea-twins`. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { requireOptional } from "../../common/optional.ts";

/** The folder that `checkpoints` is in; a `UserError` that says what to install where the models are missing. */
export function twinsRoot(): string {
  const own = fileURLToPath(new URL("../../../", import.meta.url));
  if (existsSync(join(own, "checkpoints"))) return own;
  const { resolve } = createRequire(import.meta.url);
  return requireOptional(() => dirname(resolve("fovea-twins/package.json")));
}
