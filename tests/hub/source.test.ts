import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { UserError } from "../../src/common/errors.ts";
import { filesSource } from "../../src/hub/source/files.ts";
import { folderSource } from "../../src/hub/source/folder.ts";
import { type HttpOptions, httpSource } from "../../src/hub/source/http.ts";
import { memorySource } from "../../src/hub/source/memory.ts";
import { type Source, sourceOver, subfolder } from "../../src/hub/source.ts";
import { type Handler, serve, withoutRanges, withRanges } from "./static-server.ts";

const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n";
const large = Uint8Array.from({ length: 200_000 }, (_, i) => (i * 7) % 251);
const files: Record<string, Uint8Array<ArrayBuffer>> = {
  "config.json": bytesOf('{"model_type": "llava", "eps": 1.0}'),
  "list.json": bytesOf("[1]"),
  "broken.json": bytesOf("{"),
  "deep.json": bytesOf("[".repeat(2000)),
  "pointer.json": bytesOf(pointer),
  "empty.bin": new Uint8Array(),
  "large.bin": large,
  "with space/ä.txt": bytesOf("inside ✓"),
};

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

async function written(): Promise<string> {
  const folder = join(await temporaryFolder(), "model");
  for (const [path, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
  return folder;
}

const given = () =>
  Object.entries(files).map(([path, bytes]) => ({ path: `up/model/${path}`, blob: new Blob([bytes]) }));

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "fovea-source-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

const kinds: Record<string, () => Promise<Source>> = {
  folder: async () => folderSource(await written()),
  "http with ranges": async () => httpSource(`${await serve(withRanges(prefixed("model/")))}model`),
  "http without ranges": async () => httpSource(`${await serve(withoutRanges(prefixed("model/")))}model/`),
  files: async () => filesSource(given()),
  memory: async () => memorySource(files, "model"),
  "a folder of files": async () => subfolder(filesSource([...given(), other()]), "up/model"),
};

const other = () => ({ path: "other.txt", blob: new Blob(["x"]) });
const prefixed = (prefix: string) =>
  Object.fromEntries(Object.entries(files).map(([path, bytes]) => [prefix + path, bytes]));

test.each(Object.entries(kinds))("%s: every file is read whole, in parts, or is missing", async (_, open) => {
  const source = await open();
  expect(source.name).toBe("model");
  expect(await source.json("config.json")).toMatchObject({ model_type: "llava", eps: 1 });
  expect(await source.text("with space/ä.txt")).toBe("inside ✓");
  for (const [path, bytes] of Object.entries(files)) {
    expect(await source.size(path)).toBe(bytes.length);
    expect(Buffer.compare((await source.bytes(path))!, bytes)).toBe(0);
  }
  for (const [offset, length] of [
    [0, 8],
    [0, 200_000],
    [65_530, 12],
    [199_998, 50],
    [70_000, 0],
    [300_000, 5],
  ]) {
    const part = await source.bytes("large.bin", { offset, length });
    expect(Buffer.compare(part!, large.subarray(offset, offset + length))).toBe(0);
    expect(part!.buffer.byteLength).toBe(part!.length); // Decoding takes over its memory.
  }
  expect(await source.bytes("empty.bin", { offset: 0, length: 8 })).toEqual(new Uint8Array());
  for (const path of ["nothing.json", "nowhere/config.json", "config.json/inside"]) {
    expect(await source.text(path)).toBe(undefined);
    expect(await source.json(path)).toBe(undefined);
    expect(await source.bytes(path, { offset: 0, length: 1 })).toBe(undefined);
    expect(await source.size(path)).toBe(undefined);
  }
});

test.each(Object.entries(kinds))(
  "%s: says which files it has, if it can, and where they are",
  async (kind, open) => {
    const source = await open();
    const isServer = kind.startsWith("http");
    expect(await source.list()).toEqual(isServer ? undefined : Object.keys(files).sort());
    expect(source.place("config.json")).toMatch(/model\/config\.json$/);
    expect(source.place()).toMatch(/model$/);
    expect(source.path?.("config.json")).toEqual(kind === "folder" ? source.place("config.json") : undefined);
  },
);

test.each(Object.entries(kinds))("%s: what is no such file is one line", async (_, open) => {
  const source = await open();
  const line = (path: string) => oneLine(source.json(path));
  expect(await line("list.json")).toMatch(/list\.json: expected a JSON object, found something else$/);
  expect(await line("broken.json")).toMatch(/broken\.json: expected a JSON object, found: /);
  expect(await line("deep.json")).toMatch(/deep\.json: lists and objects must stand at most 500 deep/);
  expect(await line("pointer.json")).toMatch(/pointer\.json is a Git LFS pointer, not the file; fetch it/);
  expect(await oneLine(source.text("large.bin", 1000))).toMatch(
    /large\.bin: size must be at most 1000 bytes, got (200000|"more")$/,
  );
  for (const path of ["../secret", "/etc/passwd", "a/../../b", "", "a//b", "./a", "a\\..\\b", "a\0b"])
    for (const read of [source.text, source.json, source.bytes, source.size, source.path])
      if (read !== undefined)
        expect(await oneLine((async () => read(path))())).toMatch(/path must be one that stays inside/);
});

async function oneLine(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    (value) => new Error(`no error but ${value}`),
    (error) => error,
  );
  expect(error).toBeInstanceOf(UserError);
  expect(error.message).not.toContain("\n");
  return error.message;
}

test("links of a folder are followed, and what is no regular file is refused without waiting", async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, "blob"), "{}");
  await symlink("blob", join(folder, "config.json"));
  await mkdir(join(folder, "model.safetensors"));
  const source = folderSource(folder);
  expect(await source.json("config.json")).toEqual({});
  for (const read of [source.size, source.bytes])
    expect(await oneLine(read("model.safetensors"))).toMatch(
      /model\.safetensors: expected .*, found: a folder$/,
    );
});

const answer =
  (status: number, headers: Record<string, string | number>, body?: Uint8Array | string): Handler =>
  (_, response) =>
    void response.writeHead(status, headers).end(body);
const first = { "content-range": "bytes 0-65535/200000" };
const start = large.subarray(0, 65_536);

/** The first answer as it should be, and then another. */
const later =
  (then: Handler): Handler =>
  (request, response) =>
    (request.headers.range === "bytes=0-65535" ? answer(206, { etag: '"1"', ...first }, start) : then)(
      request,
      response,
    );

const cases: readonly (readonly [string, Handler, RegExp, HttpOptions?])[] = [
  [
    "an error of the server",
    answer(500, {}, "Traceback ...\n..."),
    /cannot be read: the server answers 500$/,
  ],
  [
    "a part of another place",
    answer(206, { "content-range": "bytes 5-10/11" }, "123456"),
    /Content-Range must be bytes 0-65535 or fewer of the file, got bytes 5-10\/11$/,
  ],
  [
    "a part of any size",
    answer(206, { "content-range": "bytes 0-5/*" }, "123456"),
    /Content-Range must be bytes FIRST-LAST\/SIZE, got bytes 0-5\/\*$/,
  ],
  [
    "a part that says nothing",
    answer(206, {}, "123456"),
    /Content-Range must be .*, got nothing \(Access-Control-Expose-Headers/,
  ],
  [
    "a size beyond numbers",
    answer(206, { "content-range": `bytes 0-5/${"9".repeat(40)}` }, "123456"),
    /Content-Range must be /,
  ],
  [
    "a long header",
    answer(206, { "content-range": "x".repeat(8000) }, "1"),
    /Content-Range must be .{0,200}$/,
  ],
  [
    "a packed part",
    answer(206, { ...first, "content-encoding": "gzip" }, gzipSync(start)),
    /must come as it is, not packed by gzip$/,
  ],
  ["a part too short", answer(206, first, start.subarray(1)), /the answer ends after 65535 of 65536 bytes$/],
  ["a part too long", answer(206, first, large), /the answer has more than the 65536 bytes asked for$/],
  ["an empty range", answer(416, { "content-range": "bytes */9" }), /the server answers 416$/],
  [
    "a file that changed its state",
    later(answer(206, { etag: '"2"', "content-range": "bytes 70000-70009/200000" }, "0123456789")),
    /the file was changed while it was read; open it again$/,
  ],
  [
    "a file that changed its size",
    later(answer(206, { etag: '"1"', "content-range": "bytes 70000-70009/70010" }, "0123456789")),
    /the file was changed while it was read/,
  ],
  [
    "another part than the one asked for",
    later(answer(206, { etag: '"1"', "content-range": "bytes 0-9/200000" }, "0123456789")),
    /Content-Range must be bytes 70000-70009\/200000, got bytes 0-9\/200000$/,
  ],
  ["a file that goes away", later(answer(404, {})), /the server has it no more$/],
  ["ranges that are forgotten", later(answer(200, {}, large)), /the server answers 200$/],
  [
    "too large a file without ranges",
    answer(200, { "content-length": large.length }, large),
    /size must be at most 1000 bytes from this server, got 200000; it takes no range requests/,
    { mostWhole: 1000 },
  ],
  [
    "a larger file than it says",
    (_, response) => {
      response.writeHead(200);
      response.write(large);
      response.end();
    },
    /size must be at most 1000 bytes, got "more"$/,
    { mostWhole: 1000 },
  ],
  [
    "an answer that breaks off",
    (_, response) => {
      response.writeHead(200, { "content-length": 10 });
      response.write("12345", () => response.destroy());
    },
    /cannot be read: /,
  ],
  ["a server that hangs up", (_, response) => void response.destroy(), /cannot be read: /],
  ["a server that says nothing", () => {}, /the server sent nothing for 1 s$/, { patience: 50 }],
  [
    "a server that stops",
    (_, response) => {
      response.writeHead(200, { "content-length": 10 });
      response.write("1");
    },
    /the server sent nothing for 1 s$/,
    { patience: 50 },
  ],
  [
    "redirects in a circle",
    (request, response) => void response.writeHead(302, { location: request.url }).end(),
    /cannot be read: redirect count exceeded$/,
  ],
  [
    "a redirect to another kind of place",
    answer(302, { location: "file:///etc/passwd" }),
    /cannot be read: /,
  ],
];

const servers = cases.map(([name, handler, message, options]) => ({ name, handler, message, options }));

test.each(servers)("a server with $name: one line", async ({ handler, message, options }) => {
  const address = await serve(handler);
  const work = httpSource(address, options).bytes("model.safetensors", { offset: 70_000, length: 10 });
  const said = await oneLine(work);
  expect(said).toMatch(message);
  expect(said.startsWith(`${address}model.safetensors`)).toBe(true);
});

test("small files come packed, from elsewhere, and not as the page of a development server", async () => {
  const source = httpSource(
    await serve((request, response) => {
      if (request.url === "/packed.json")
        return void response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync('{"a": 1}'));
      if (request.url === "/moved.json")
        return void response.writeHead(302, { location: "/packed.json" }).end();
      response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end("<!doctype html>");
    }),
  );
  expect(await source.json("packed.json")).toEqual({ a: 1 });
  expect(await source.json("moved.json")).toEqual({ a: 1 });
  expect(await source.json("chat_template.json")).toBe(undefined);
  expect(await source.size("model.safetensors")).toBe(undefined);
});

test("other answers may mean a missing file", async () => {
  const address = await serve(answer(403, {}, "AccessDenied"));
  await expect(httpSource(address).text("chat_template.jinja")).rejects.toThrow("the server answers 403");
  expect(await httpSource(address, { missing: [403, 404] }).text("chat_template.jinja")).toBe(undefined);
});

test("a bomb of a small file is not unpacked beyond what it may have", async () => {
  const bomb = gzipSync(new Uint8Array(40 * 2 ** 20));
  const source = httpSource(await serve(answer(200, { "content-encoding": "gzip" }, bomb)));
  expect(await oneLine(source.json("config.json"))).toMatch(
    /size must be at most 16777216 bytes, got "more"$/,
  );
});

test("a file without ranges is fetched once, a failed one again", async () => {
  const asked: string[] = [];
  const source = httpSource(
    await serve((request, response) => {
      asked.push(request.url ?? "");
      if (asked.length === 1) return void response.writeHead(503).end();
      response.writeHead(200).end(large);
    }),
  );
  const part = () => source.bytes("a.bin", { offset: 100_000, length: 5 });
  await expect(part()).rejects.toThrow("503");
  await Promise.all([part(), part(), source.size("a.bin")]);
  expect(await part()).toEqual(large.slice(100_000, 100_005));
  expect(asked).toEqual(["/a.bin", "/a.bin"]);
});

test("what is sent along: headers, the part behind the question mark; a signal ends it", async () => {
  const seen: unknown[] = [];
  const address = await serve((request, response) => {
    seen.push([request.url, request.headers.authorization, request.headers["accept-encoding"]]);
    response.writeHead(404).end();
  });
  const headers = { Authorization: "Bearer x" };
  const source = httpSource(`${address}my%20model?key=1#top`, { headers });
  expect(source.place("a b")).toBe(`${address}my%20model/a b`);
  expect(source.name).toBe("my model");
  expect(await source.size("a b")).toBe(undefined);
  expect(seen).toEqual([["/my%20model/a%20b?key=1", "Bearer x", "identity"]]);
  const ended = httpSource(address, { signal: AbortSignal.abort(new Error("enough")) });
  await expect(ended.size("a")).rejects.toThrow("enough");
});

test.each(["ftp://host/x", "file:///etc", "models/full", "http://user:secret@host/"])(
  "%s is no address of a source",
  (address) => {
    expect(() => httpSource(address)).toThrow(/^source: address must be http:\/\/ or https:\/\/, got /);
    expect(() => httpSource(address)).not.toThrow("secret");
  },
);

test("files of a drop: folders that all lie in are left out, doubles and strange paths are refused", async () => {
  const file = (path: string) => ({ path, blob: new Blob(["{}"]) });
  expect(await filesSource([file("a/b/x"), file("a/b/c/y")]).list()).toEqual(["c/y", "x"]);
  expect(filesSource([file("a/b/x")]).name).toBe("b");
  expect(await filesSource([file("a/x"), file("y")]).list()).toEqual(["a/x", "y"]);
  expect(await filesSource([new File(["{}"], "config.json")]).json("config.json")).toEqual({});
  expect(() => filesSource([file("a"), file("a")])).toThrow(
    "dropped files: a must be there once, got it twice",
  );
  expect(() => filesSource([])).toThrow("dropped files: expected a model's files, found none");
  expect(() => filesSource([file("a"), file("b/../../c")])).toThrow("path must be one that stays inside");
});

test("a file that was removed since it was dropped is one line", async () => {
  const gone = Object.assign(new Blob(["{}"]), {
    arrayBuffer: () => Promise.reject(new DOMException("could not be found", "NotFoundError")),
  });
  const source = filesSource([{ path: "config.json", blob: gone }]);
  expect(await oneLine(source.json("config.json"))).toBe(
    "dropped files/config.json cannot be read: could not be found; it may have changed, give it again",
  );
});

test("a store of another kind is a source, and is held to what was asked", async () => {
  const pool = Buffer.from("before{}after") as Buffer<ArrayBuffer>; // Whose slices share its memory.
  const source = sourceOver({
    name: "archive",
    place: (path) => (path === undefined ? "archive" : `archive/${path}`),
    size: async () => 2,
    whole: async () => pool.subarray(6, 8),
    part: async () => pool.subarray(6), // More than anybody asked for.
  });
  expect(await source.json("config.json")).toEqual({});
  const bytes = await source.bytes("config.json", { offset: 0, length: 2 });
  expect([bytes!.length, bytes!.buffer.byteLength, String.fromCharCode(...bytes!)]).toEqual([2, 2, "{}"]);
  await expect(source.text("config.json", 1)).rejects.toThrow(
    "archive/config.json: size must be at most 1 bytes, got 2",
  );
  await expect(source.bytes("a", { offset: -1, length: 2 })).rejects.toThrow("whole numbers from 0 on");
  expect(await source.list()).toBe(undefined);
});

test("numbers keep their spelling in memory too", async () => {
  const source = memorySource({ "config.json": { a: 1 }, "note.txt": "hello" });
  expect(await source.json("config.json")).toEqual({ a: 1 });
  expect(await source.text("note.txt")).toBe("hello");
});
