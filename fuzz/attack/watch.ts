/**
 * node fuzz/attack/watch.ts [--seconds N] [--seed S]
 *
 * Looks at a folder without a pause while a process replaces it over and over and is killed at random moments. Says how
 * often the folder was not there. Ends with 1 where it ever was not.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { random } from "../../src/common/random.ts";

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "30" }, seed: { type: "string", default: "0" } },
});

const folder = await mkdtemp(join(tmpdir(), "fovea-watch-"));
const target = join(folder, "model");
const files = new URL("../../src/common/files.ts", import.meta.url).href;
const writer = join(folder, "writer.mjs");
await writeFile(
  writer,
  `import { writeFile } from "node:fs/promises";
import { writeFolderWhole } from "${files}";
for (let i = 0; ; i++) {
  const fill = async (folder) => {
    for (const name of ["a", "b", "c"]) await writeFile(folder + "/" + name, String(i).repeat(10_000));
  };
  await writeFolderWhole(${JSON.stringify(target)}, fill, { replace: true });
}`,
);

const draw = random("watch", Number(values.seed));
const count = { looks: 0, absent: 0, kills: 0 };
let isThere = false;

function look(name: string): void {
  try {
    readFileSync(join(target, name));
    isThere = true;
  } catch {
    if (isThere) count.absent++;
  }
  count.looks++;
}

const end = performance.now() + 1000 * Number(values.seconds);
while (performance.now() < end) {
  const child: ChildProcess = spawn(process.execPath, [writer], { stdio: "inherit" });
  const until = performance.now() + 300 + 1500 * draw.uniform();
  while (performance.now() < until) {
    for (let i = 0; i < 500; i++) look("abc"[i % 3]);
    await new Promise((done) => setImmediate(done));
  }
  child.kill("SIGKILL");
  count.kills++;
}
await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
console.log(JSON.stringify(count));
process.exitCode = count.absent === 0 ? 0 : 1;
