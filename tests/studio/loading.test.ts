/** How models run in a page, and how loading one is told. */
import { expect, test } from "vitest";
import { countedFetch, LoadingParts } from "../../src/studio/models/counted-fetch.ts";
import type { Loading } from "../../src/studio/models/model.ts";
import { readSettings, threadsFor } from "../../src/studio/page/settings.ts";

const nameOf = (url: string) => (url.endsWith(".wasm") ? "runtime" : undefined);

/** A server of one answer. */
const serving = (bytes: number, headers: Record<string, string>, status = 200) =>
  (async () => new Response(new Uint8Array(bytes), { headers, status })) as typeof fetch;

test("bytes are told as they come, with their number once every part has said it", async () => {
  const said: Loading[] = [];
  const parts = new LoadingParts(["weights", "runtime"], (loading) => said.push(loading));
  const answer = await countedFetch(serving(10, { "content-length": "10" }), parts, nameOf)("a.wasm");
  expect((await answer.arrayBuffer()).byteLength).toBe(10);
  expect(said).toEqual([{ what: "weights", done: 10 }]);
  parts.add("weights", 5, 20);
  parts.add("weights", 15, 20);
  expect(said.slice(1)).toEqual([
    { what: "weights", done: 15, total: 30 },
    { what: "weights and runtime", done: 30, total: 30 },
  ]);
});

test("a part of a file counts towards the whole, and packed bytes are no measure", async () => {
  const said: Loading[] = [];
  const parts = new LoadingParts([], (loading) => said.push(loading));
  const ranged = countedFetch(serving(4, { "content-range": "bytes 0-3/64" }, 206), parts, nameOf);
  await (await ranged("a.wasm")).arrayBuffer();
  expect(said).toEqual([{ what: "runtime", done: 4, total: 64 }]);
  const packed = new LoadingParts([], (loading) => said.push(loading));
  const headers = { "content-length": "3", "content-encoding": "gzip" };
  await (await countedFetch(serving(9, headers), packed, nameOf)("b.wasm")).arrayBuffer();
  expect(said[1]).toEqual({ what: "runtime", done: 9 });
});

test("other files and refusals pass as they are", async () => {
  const parts = new LoadingParts([], () => expect.unreachable());
  const answer = new Response("{}");
  const other = countedFetch((async () => answer) as typeof fetch, parts, nameOf);
  expect(await other("config.json")).toBe(answer);
  expect((await countedFetch(serving(3, {}, 404), parts, nameOf)("a.wasm")).status).toBe(404);
});

test("settings are read from the address, and what is none counts as none", () => {
  expect(readSettings("")).toEqual({ device: "wasm" });
  expect(readSettings("?device=webgpu&threads=3")).toEqual({ device: "webgpu", threads: 3 });
  for (const threads of ["0", "-1", "1.5", "many", "1000", ""])
    expect(readSettings(`?device=cuda&threads=${threads}`)).toEqual({ device: "wasm" });
});

test("models share the cores; without isolation each has one thread", () => {
  expect(threadsFor(2, { isolated: true, cores: 2 })).toBe(1);
  expect(threadsFor(1, { isolated: true, cores: 2 })).toBe(2);
  expect(threadsFor(2, { isolated: true, cores: 16 })).toBe(4);
  expect(threadsFor(4, { isolated: true, cores: 2 })).toBe(1);
  expect(threadsFor(1, { isolated: false, cores: 16 })).toBe(1);
});
