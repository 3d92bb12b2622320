// A process that ends while a thread of it is within a pass of ONNX Runtime: `ending-process.ts end|signal`.
import { endWith } from "../../src/cli/ending.ts";
import { cleanOnSuddenEnd } from "../../src/common/signals.ts";
import { openThread } from "../../src/serve/thread.ts";
import type { OddJob } from "./odd-thread.ts";

const entry = new URL("./odd-thread.ts", import.meta.url);
const thread = await openThread<string, OddJob, number, number>(entry, undefined, { name: "odd" });
cleanOnSuddenEnd(() => {});
const begun = Promise.withResolvers<void>();
const { signal } = new AbortController();
thread.run("pass", { signal, onPiece: () => begun.resolve() }).catch(() => {});
await begun.promise;
await new Promise((done) => setTimeout(done, 200)); // It says so just before the pass.
if (process.argv[2] === "end") await endWith(3);
else process.kill(process.pid, "SIGTERM");
