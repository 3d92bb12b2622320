/** What no module of the library does when it is imported. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";

readFileSync(new URL("../../LICENSE", import.meta.url).pathname);
createRequire(import.meta.url)("sharp");
new Worker("", { eval: true });
