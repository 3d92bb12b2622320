import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { type NdArray, np } from "../../src/engine/array.ts";
import { compile } from "../../src/engine/compile.ts";
import { float32, type HostArray } from "../../src/engine/host.ts";
import { KEPT_BYTES } from "../../src/engine/runtime/node-programs.ts";
import type { Machine } from "../../src/engine/runtime/runtime.ts";

const made: string[] = [];
let cacheFolder = "";
beforeEach(() => {
  cacheFolder = mkdtempSync(join(tmpdir(), "fovea-kept-"));
  made.push(cacheFolder);
});
afterAll(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
});

/** A chain of sines: large enough to be kept. */
const chain = (links: number) => (x: NdArray) => {
  let y = x;
  for (let i = 0; i < links; i++) y = np.sin(np.add(np.multiply(y, 1 + i / 100), i));
  return y;
};

async function compiled(links = 300, machine: Machine = {}) {
  const x = float32([3], [0.1, -2, 5]);
  const program = await compile<HostArray>(chain(links), [x], { machine: { cacheFolder, ...machine } });
  const { data } = await program.run(x);
  await program.dispose();
  return { data: [...data], wasKept: program.times.wasKept };
}

const programs = () => join(cacheFolder, "programs");
const entries = () => readdirSync(programs());
const entry = () => join(programs(), entries()[0]);

test("a program is optimised once, and then read from the disk", async () => {
  const first = await compiled();
  expect(first.wasKept).toBe(false);
  const second = await compiled();
  expect(second).toEqual({ data: first.data, wasKept: true });
  expect(entries().length).toBe(1);
});

test("another program, and another way to run it, are other entries", async () => {
  await compiled();
  expect((await compiled(301)).wasKept).toBe(false);
  expect((await compiled(300, { threads: 1 })).wasKept).toBe(false);
  expect((await compiled(300, { session: { enableMemPattern: true } })).wasKept).toBe(false);
  expect(entries().length).toBe(4);
  expect((await compiled(301)).wasKept).toBe(true);
});

test("with an arena, which goes back after each run, a program gives the same", async () => {
  const { data } = await compiled(300);
  expect(await compiled(300, { arena: true })).toEqual({ data, wasKept: false });
});

test.each<[string, (bytes: Buffer) => Buffer]>([
  ["empty", () => Buffer.alloc(0)],
  ["cut off", (bytes) => bytes.subarray(0, bytes.length - 100)],
  ["changed in one byte", (bytes) => Buffer.from(bytes.map((byte, i) => (i === 5000 ? byte ^ 1 : byte)))],
  ["something else", () => Buffer.from("no program")],
])("an entry that is %s is not used, and is written anew", async (_, damage) => {
  const { data } = await compiled();
  const [path, whole] = [entry(), readFileSync(entry())];
  writeFileSync(path, damage(whole));
  expect(await compiled()).toEqual({ data, wasKept: false });
  expect(readFileSync(path).length).toBe(whole.length);
  expect((await compiled()).wasKept).toBe(true);
});

test("where nothing can be written, nothing is kept", async () => {
  writeFileSync(programs(), "a file where the folder would be");
  const first = await compiled();
  expect(await compiled()).toEqual({ ...first, wasKept: false });
});

test("several at once leave one entry and nothing half written", async () => {
  const all = await Promise.all([compiled(), compiled(), compiled()]);
  expect(new Set(all.map(({ data }) => data.join())).size).toBe(1);
  expect(entries().filter((name) => !name.endsWith(".ort"))).toEqual([]);
  expect(entries().length).toBe(1);
});

test("beyond the limit those go that were used last longest ago", async () => {
  await compiled(299);
  const old = entry();
  await utimes(old, 1, 1);
  const large = join(programs(), "large.ort");
  writeFileSync(large, "");
  truncateSync(large, KEPT_BYTES - 2 * statSync(old).size + 1000); // Sparse: takes no room.
  await compiled(300);
  expect(entries()).toContain("large.ort");
  expect((await compiled(300)).wasKept).toBe(true);
  expect((await compiled(299)).wasKept).toBe(false);
});

test("what an ended process left half written goes when the next entry is kept", async () => {
  await compiled(299);
  const left = join(programs(), ".entry.ort.0123456789ab.tmp");
  writeFileSync(left, "half");
  await utimes(left, 1, 1);
  await compiled(300);
  expect(readdirSync(programs()).filter((name) => !name.endsWith(".ort"))).toEqual([]);
});

test("a small program is not worth a file", async () => {
  await compiled(3);
  expect(readdirSync(cacheFolder)).toEqual([]);
});
