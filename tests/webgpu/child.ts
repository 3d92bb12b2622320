/** Runs one part and writes what became of it as the last line: `node child.ts PART`. */
import { parts } from "./parts.ts";

const [, , part] = process.argv;
const outcomes = await parts[part]();
process.stdout.write(
  `\n${JSON.stringify(outcomes, (_, value) => (value === Infinity ? "infinite" : value))}\n`,
);
