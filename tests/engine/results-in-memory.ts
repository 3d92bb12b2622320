/** Child process of no-copies.test.ts: MB that a result of 128 MB takes, written into a given array, and into a new one. */
import { type NdArray, np } from "../../src/engine/array.ts";
import { compile } from "../../src/engine/compile.ts";
import { float32, type HostArray } from "../../src/engine/host.ts";

const MB = 2 ** 20;
const peak = () => process.resourceUsage().maxRSS / 1024;

const x = float32([32 * MB]);
const into = float32([32 * MB]);
into.data.fill(7); // So that its memory is there.
const program = await compile<HostArray>((a: NdArray) => np.add(a, 1), [x]);
const start = peak();
await program.runInto([into], x);
const given = peak();
const made = await program.run(x);
const values = [into.data.at(-1), made.data.at(-1)];
console.log(JSON.stringify({ given: given - start, made: peak() - given, values }));
