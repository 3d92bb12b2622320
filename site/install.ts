/** Installs the site's own packages as its lock file says, where they are missing or others than that. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const lock = readFileSync(join(import.meta.dirname, "package-lock.json"), "utf8");
const installed = join(import.meta.dirname, "node_modules/.installed-lock.json");

if (!existsSync(installed) || readFileSync(installed, "utf8") !== lock) {
  const { status } = spawnSync("npm", ["ci"], {
    cwd: import.meta.dirname,
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  if (status !== 0) process.exit(status ?? 1);
  writeFileSync(installed, lock);
}
