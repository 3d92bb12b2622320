/** Contents of the cache that are not what the hub had, and hubs that are hostile. */
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "citty";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { pull as pullCommand } from "../../src/cli/commands/pull.ts";
import { modelFolder } from "../../src/hub/net/cache.ts";
import type { Hub } from "../../src/hub/net/hub-fetch.ts";
import { hubFromEnvironment } from "../../src/hub/net/hub-fetch.ts";
import { type PullOptions, pullModel } from "../../src/hub/net/pull.ts";
import { checkSnapshot } from "../../src/hub/net/snapshot-check.ts";
import { type FakeHub, type FakeRepo, openFakeHub } from "./fake-hub.ts";

const commit = "0123456789abcdef0123456789abcdef01234567";
const weights = Buffer.from(Array.from({ length: 50_000 }, (_, i) => (i * 7919) % 251));
const repo: FakeRepo = {
  name: "someone/small-vlm",
  commit,
  refs: { main: commit },
  files: {
    "config.json": Buffer.from('{"model_type": "llava"}\n'),
    "model.safetensors": weights,
    "extra/notes.json": Buffer.from("{}"),
  },
};
const ref = { name: repo.name, revision: "main" };

let hub: FakeHub;
let cache: string;
let stranger: Server | undefined;
const notes: string[] = [];

beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), "fovea-verify-"));
  vi.stubEnv("HF_HUB_CACHE", cache);
  vi.stubEnv("HF_TOKEN", "");
  hub = await openFakeHub(repo);
  vi.stubEnv("HF_ENDPOINT", hub.endpoint);
  notes.length = 0;
});

afterEach(async () => {
  await hub.close();
  stranger?.closeAllConnections();
  if (stranger?.listening) await new Promise((done) => stranger?.close(done));
  stranger = undefined;
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await chmod(cache, 0o700);
  await rm(cache, { recursive: true });
});

const repoPath = (...parts: string[]) => join(cache, "models--someone--small-vlm", ...parts);
const blobPath = (path: string) => repoPath("blobs", hub.hashOf(path));
const asked = () =>
  hub.seen.filter(({ path, cdn }) => cdn || path.includes("/resolve/")).map(({ path }) => path);

function pull(options: PullOptions & { readonly endpoint?: string } = {}) {
  const { endpoint = hub.endpoint } = options;
  const own: Hub = { endpoint, firstWait: 1, retries: 2, patience: 5 };
  return pullModel(ref, { hub: own, onNote: (note) => notes.push(note), ...options });
}

/** The bytes with one bit of them turned. */
const flipped = (bytes: Buffer, at = 1000) =>
  Buffer.from(bytes.map((byte, i) => (i === at ? byte ^ 1 : byte)));

const changes: [string, (path: string) => Promise<void>][] = [
  ["other bytes", async (path) => writeFile(path, flipped(weights))],
  ["no bytes", async (path) => writeFile(path, "")],
  ["half the bytes", async (path) => writeFile(path, weights.subarray(0, 25_000))],
  ["too many bytes", async (path) => writeFile(path, Buffer.concat([weights, weights]))],
  ["zeros", async (path) => writeFile(path, Buffer.alloc(weights.length))],
  [
    "other bytes with the old time",
    async (path) => {
      const { atime, mtime } = await stat(path);
      await writeFile(path, flipped(weights));
      await utimes(path, atime, mtime);
    },
  ],
  [
    "another file in its place",
    async (path) => {
      await writeFile(`${path}.new`, flipped(weights));
      await rename(`${path}.new`, path);
    },
  ],
  [
    "a link to a file outside",
    async (path) => {
      await writeFile(join(cache, "outside"), flipped(weights));
      await rm(path);
      await symlink(join(cache, "outside"), path);
    },
  ],
];

describe.each(changes)("a blob with %s", (_, change) => {
  it("is noticed when it is opened, checked and pulled, which fetches it again", async () => {
    const { folder } = await pull();
    await change(blobPath("model.safetensors"));
    const again = `fetch it again: fovea pull someone/small-vlm@${commit}`;
    for (const name of [repo.name, folder])
      await expect(modelFolder(name)).rejects.toThrow(
        new RegExp(`^model someone/small-vlm: model.safetensors in the cache .*; ${again}$`),
      );
    const { bad } = await checkSnapshot(folder);
    expect(bad.map(({ path }) => path)).toEqual(["model.safetensors"]);
    await expect(modelFolder(repo.name)).rejects.toThrow(again); // Also after it was checked.
    hub.seen.length = 0;
    await pull();
    expect(asked()).toHaveLength(2); // The hub and its store.
    expect(notes).toEqual(["model.safetensors in the cache is not what the hub has; it is fetched again"]);
    expect(await readFile(join(folder, "model.safetensors"))).toEqual(weights);
    expect((await lstat(blobPath("model.safetensors"))).isFile()).toBe(true);
    expect(await modelFolder(repo.name)).toBe(folder);
    expect((await checkSnapshot(folder)).bad).toEqual([]);
  });
});

it("what was in the cache before is read once, and then no more until it changes", async () => {
  await pull();
  await rm(repoPath(".fovea-verified.json"));
  await writeFile(blobPath("config.json"), flipped(repo.files["config.json"], 3));
  hub.seen.length = 0;
  await pull();
  expect(asked()).toEqual([`/someone/small-vlm/resolve/${commit}/config.json`]);
  // Bytes that change without a trace, as a disk does it: only reading everything finds them.
  const record = JSON.parse(await readFile(repoPath(".fovea-verified.json"), "utf8"));
  await writeFile(blobPath("model.safetensors"), flipped(weights));
  const { size, mtimeNs, ctimeNs, ino } = await stat(blobPath("model.safetensors"), { bigint: true });
  const facts = { size: `${size}`, changed: `${mtimeNs}`, touched: `${ctimeNs}`, inode: `${ino}` };
  record.blobs[hub.hashOf("model.safetensors")] = facts;
  await writeFile(repoPath(".fovea-verified.json"), JSON.stringify(record));
  hub.seen.length = 0;
  const { folder } = await pull();
  expect(asked()).toEqual([]);
  expect((await checkSnapshot(folder)).bad.map(({ path }) => path)).toEqual(["model.safetensors"]);
  await pull();
  expect(await readFile(join(folder, "model.safetensors"))).toEqual(weights);
});

it("a touched blob of the right bytes is read again and stays", async () => {
  const { folder } = await pull();
  await utimes(blobPath("model.safetensors"), new Date(), new Date());
  expect(await modelFolder(repo.name)).toBe(folder);
  hub.seen.length = 0;
  await pull();
  expect(asked()).toEqual([]);
});

it("a folder where a blob should be is said in one line", async () => {
  await mkdir(repoPath("blobs", hub.hashOf("model.safetensors")), { recursive: true });
  await expect(pull()).rejects.toMatchObject({
    name: "UserError",
    message: expect.not.stringContaining("\n"),
  });
});

it("a damaged record is none, and a cache that cannot be written can be read", async () => {
  const { folder } = await pull();
  for (const broken of ["", "{", "[]", '{"version":1}', '{"version":1,"blobs":{"a":{}},"commits":{}}']) {
    await writeFile(repoPath(".fovea-verified.json"), broken);
    expect(await modelFolder(repo.name)).toBe(folder);
    expect((await checkSnapshot(folder)).bad).toEqual([]);
    await pull();
  }
});

it("links of a snapshot that lead elsewhere, or are files, are found and set right", async () => {
  const { folder } = await pull();
  const [config, model] = [join(folder, "config.json"), join(folder, "model.safetensors")];
  await writeFile(join(cache, "outside.json"), '{"model_type": "evil"}');
  await rm(config);
  await symlink(join(cache, "outside.json"), config);
  await rm(model);
  await writeFile(model, flipped(weights));
  await expect(modelFolder(repo.name)).rejects.toThrow(
    "config.json in the cache is a link that leads elsewhere",
  );
  const { bad } = await checkSnapshot(folder);
  expect(bad.map(({ path }) => path).sort()).toEqual(["config.json", "model.safetensors"]);
  await pull();
  expect(await readFile(config)).toEqual(repo.files["config.json"]);
  expect(await readFile(model)).toEqual(weights);
  expect(await readFile(join(cache, "outside.json"), "utf8")).toContain("evil");
});

it("a copy in the place of a link, as on disks without links, is as good as its bytes", async () => {
  const { folder } = await pull();
  const copy = join(folder, "model.safetensors");
  await rm(copy);
  await writeFile(copy, weights);
  expect(await modelFolder(repo.name)).toBe(folder);
  expect((await checkSnapshot(folder)).bad).toEqual([]);
  await writeFile(copy, flipped(weights));
  await expect(modelFolder(repo.name)).rejects.toThrow("model.safetensors in the cache has other bytes");
  expect((await checkSnapshot(folder)).bad).toHaveLength(1);
  await rm(blobPath("model.safetensors"));
  await pull();
  expect(await readFile(copy)).toEqual(weights);
});

it("a folder of the snapshot that is a link leads nobody out of the cache", async () => {
  await mkdir(repoPath("snapshots", commit), { recursive: true });
  await mkdir(join(cache, "outside"));
  await symlink(join(cache, "outside"), repoPath("snapshots", commit, "extra"));
  await expect(pull({ all: true })).rejects.toThrow("is a link that leads elsewhere");
  expect(await readdir(join(cache, "outside"))).toEqual([]);
});

describe("fovea pull --verify", () => {
  async function verify(...rawArgs: string[]) {
    const printed: string[] = [];
    vi.spyOn(console, "log").mockImplementation((text) => void printed.push(text));
    const error = await runCommand(pullCommand, { rawArgs: ["--verify", ...rawArgs] }).then(
      () => undefined,
      (reason: Error) => reason,
    );
    return { error, text: printed.join("\n") };
  }

  it("names each bad file, of one model or of all, asks nobody and fails", async () => {
    await pull({ all: true });
    expect(await verify(repo.name)).toEqual({
      error: undefined,
      text: "someone/small-vlm at 0123456: 3 of 3 files have their hash",
    });
    await writeFile(blobPath("model.safetensors"), flipped(weights));
    await rm(blobPath("extra/notes.json"));
    hub.seen.length = 0;
    for (const args of [[repo.name], [], [`${repo.name}@${commit}`]]) {
      const { error, text } = await verify(...args);
      expect(error).toMatchObject({
        name: "UserError",
        code: 1,
        message: `pull: 2 bad files; fetch what is bad again: fovea pull someone/small-vlm@${commit} --all`,
      });
      expect(text).toContain("1 of 3 files have their hash");
      expect(text).toMatch(
        /^ {2}model\.safetensors has other bytes: their hash is [0-9a-f]{64}, not [0-9a-f]{64}$/m,
      );
      expect(text).toMatch(/^ {2}extra\/notes\.json is missing$/m);
    }
    const { models } = JSON.parse((await verify("--json")).text);
    expect(models[0].bad.map(({ path }: { path: string }) => path).sort()).toEqual([
      "extra/notes.json",
      "model.safetensors",
    ]);
    expect(hub.seen).toEqual([]);
    await pull({ all: true });
    expect((await verify()).error).toBeUndefined();
  });

  it("checks what Python has fetched, by the names of its blobs, and holds it from then on", async () => {
    await pull();
    await rm(repoPath(".fovea-verified.json"));
    await writeFile(repoPath("blobs", "an-etag-that-is-no-hash"), "?");
    await symlink("../../blobs/an-etag-that-is-no-hash", repoPath("snapshots", commit, "odd.txt"));
    expect((await verify()).text).toContain("2 of 3 files have their hash, of 1 nothing is known (odd.txt)");
    await writeFile(blobPath("model.safetensors"), flipped(weights));
    await expect(modelFolder(repo.name)).rejects.toThrow("model.safetensors in the cache has other bytes");
    expect((await verify()).error?.message).toContain("1 bad file;");
  });

  it("says when there is nothing", async () => {
    expect((await verify()).text).toBe("no model is in the cache");
    expect((await verify("some/model")).error?.message).toContain(
      "MODEL must be in the cache to be verified",
    );
  });
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  stranger = server;
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const json = (value: unknown) => JSON.stringify(value);
const file = (path: unknown, more: object = {}) => ({
  type: "file",
  path,
  size: 2,
  oid: "a".repeat(40),
  ...more,
});

/** A hub whose listing is what the test says. */
async function hostile(listing: unknown, sha: unknown = commit) {
  const endpoint = await serve((request, response) => {
    const isListing = request.url?.includes("/tree/");
    response.end(typeof listing === "string" && isListing ? listing : json(isListing ? listing : { sha }));
  });
  return (await pull({ endpoint, all: true }).catch((error) => error)) as Error;
}

describe("a hostile hub", () => {
  it.each([
    ["../evil", "leads out"],
    ["a/../../evil", "leads out"],
    ["/etc/evil", "leads out"],
    ["a//b", "leads out"],
    ["a/./b", "leads out"],
    ["", "leads out"],
    [".", "leads out"],
    ["..\\evil", "leads out"],
    ["C:evil", "leads out"],
    ["nul\0", "leads out"],
    ["line\nbreak", "leads out"],
    ["x".repeat(300), "leads out"],
    [7, "expected string"],
    [null, "expected string"],
    [{}, "expected string"],
  ])("cannot have a file called %j", async (path, why) => {
    const { name, message } = await hostile([file(path)]);
    expect([name, message]).toEqual([
      "UserError",
      expect.stringContaining("pull: someone/small-vlm lists a file that cannot be stored: "),
    ]);
    expect(message).toContain(why);
    expect(message).not.toContain("\n");
    expect(await readdir(cache)).toEqual([]);
  });

  it.each([
    [[file("a", { oid: "../../evil" })], "it has no hash"],
    [[file("a", { oid: undefined })], "it has no hash"],
    [[file("a", { oid: 5 })], "expected string"],
    [[file("a", { lfs: { oid: "../evil", size: 2 } })], "it has no hash"],
    [[file("a", { lfs: { oid: "b".repeat(40), size: 2 } })], "it has no hash"],
    [[file("a", { size: -1 })], "expected"],
    [[file("a", { size: 1e300 })], "expected"],
    [[file("a", { size: "2" })], "expected number"],
    [[file("a"), file("a/b")], "a is a file"],
    [[file("a"), file("a", { oid: "b".repeat(40) })], "it is listed twice"],
    [{}, "must speak the Hugging Face hub's API"],
    [null, "must speak the Hugging Face hub's API"],
    ["<html>", "must speak the Hugging Face hub's API"],
    ["[".repeat(200_000), "must speak the Hugging Face hub's API"],
  ])("cannot list %#", async (listing, why) => {
    const { name, message } = await hostile(listing);
    expect([name, message]).toEqual(["UserError", expect.stringContaining(why)]);
    expect(message.length).toBeLessThan(600);
    expect(message).not.toContain("\n");
  });

  it.each([[null], ["main"], ["../../x"], [[commit]], [{}]])("cannot call %j a commit", async (sha) => {
    expect((await hostile([], sha)).message).toMatch(/^pull: http:.* must answer with a commit for someone/);
  });

  it("cannot list without an end, nor send an answer without one", async () => {
    let pages = 0;
    let endpoint = await serve((request, response) => {
      pages++;
      if (!request.url?.includes("/tree/")) return response.end(json({ sha: commit }));
      response.setHeader("link", `<${endpoint}${request.url}>; rel="next"`);
      return response.end(json([]));
    });
    await expect(pull({ endpoint })).rejects.toThrow("has no end: 2000 pages were read");
    expect(pages).toBe(2000);
    stranger?.closeAllConnections();
    stranger?.close();
    let written = 0;
    endpoint = await serve((_, response) => {
      const chunk = Buffer.alloc(1 << 20, " ");
      const more = () => {
        while (!response.destroyed && response.write(chunk)) written += chunk.length;
      };
      response.on("drain", more);
      more();
    });
    await expect(pull({ endpoint })).rejects.toThrow(/must be at most 32000000 bytes, got more/);
    expect(written).toBeLessThan(90_000_000);
  });

  it("cannot keep a connection with a byte now and then", async () => {
    const endpoint = await serve((request, response) => {
      const { url = "" } = request;
      if (url.includes("/tree/")) return response.end(json([file("a.safetensors", { size: 1e9 })]));
      if (!url.includes("/resolve/")) return response.end(json({ sha: commit }));
      const drip = setInterval(() => response.write("x"), 5);
      return response.on("close", () => clearInterval(drip));
    });
    const own: Hub = { endpoint, firstWait: 1, retries: 1, patience: 0.1 };
    await expect(pull({ hub: own })).rejects.toThrow(
      /a\.safetensors broke off \(only \d+ bytes came in 0\.1 s\)/,
    );
  });

  it("sends no more of a file than its listing said", async () => {
    const endpoint = await serve((request, response) => {
      const { url = "" } = request;
      if (url.includes("/tree/")) return response.end(json([file("a.safetensors", { size: 1000 })]));
      if (!url.includes("/resolve/")) return response.end(json({ sha: commit }));
      const chunk = Buffer.alloc(1 << 16);
      const more = () => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on("drain", more);
      return more();
    });
    await expect(pull({ endpoint })).rejects.toThrow("a.safetensors must have 1000 bytes, got more");
  });

  it("that is busy for ages is waited for as long as one may, and what it wants is said", async () => {
    for (const after of ["1e9", "Fri, 31 Dec 9999 23:59:59 GMT"]) {
      let times = 0;
      const endpoint = await serve((_, response) => {
        times++;
        response.writeHead(429, { "retry-after": after }).end();
      });
      const own: Hub = { endpoint, firstWait: 1, retries: 5, patience: 5, maxWait: 30 };
      await expect(pull({ hub: own })).rejects.toThrow(
        /answered 429, also when asked again; it wants to be left alone for \d+ days$/,
      );
      expect(times).toBe(2);
      expect(notes[0]).toMatch(/answered 429; it wants to be left alone for \d+ days, asking again in 1 s$/);
      stranger?.closeAllConnections();
      stranger?.close();
    }
  });
});

describe("a part that another process left", () => {
  const left = async (bytes: Buffer) => {
    await mkdir(repoPath("blobs"), { recursive: true });
    await writeFile(repoPath("blobs", `${hub.hashOf("model.safetensors")}.99999999.incomplete`), bytes);
    hub.seen.length = 0;
    const { folder } = await pull();
    expect(await readFile(join(folder, "model.safetensors"))).toEqual(weights);
    return hub.seen.filter(({ cdn }) => cdn).map(({ range }) => range);
  };

  it("is gone on from, and checked whole", async () => {
    expect(await left(weights.subarray(0, 30_000))).toEqual(["bytes=30000-"]);
    await rm(cache, { recursive: true });
    expect(await left(flipped(weights).subarray(0, 30_000))).toEqual(["bytes=30000-", undefined]);
    await rm(cache, { recursive: true });
    expect(await left(flipped(weights))).toEqual([undefined]);
  });
});

describe("the token", () => {
  const token = "hf_secret_of_the_test";

  it("goes along no redirect to another origin, in no header", async () => {
    const seen: object[] = [];
    const store = await serve((request, response) => {
      seen.push(request.headers);
      response.end(weights);
    });
    await hub.close();
    hub = await openFakeHub({ ...repo, token });
    for (const status of [301, 302, 303, 307, 308]) {
      const front = createServer((request, response) => {
        const isApi = request.url?.startsWith("/api/");
        const to = isApi ? `${hub.endpoint}${request.url}` : `${store}/weights`;
        response.writeHead(status, { location: to }).end();
      });
      await new Promise<void>((done) => front.listen(0, "127.0.0.1", done));
      const endpoint = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
      const own: Hub = { endpoint, token, firstWait: 1, retries: 0, patience: 5 };
      await pull({ hub: own }).catch(() => {});
      front.closeAllConnections();
      front.close();
    }
    const tokens = hub.seen.map(({ token }) => token);
    expect(tokens.length).toBeGreaterThan(4);
    expect(new Set(tokens)).toEqual(new Set([undefined]));
    expect(JSON.stringify(seen)).not.toContain("secret");
  });

  it("is not shown where a hub repeats it", async () => {
    for (const answer of [`<html>${token}`, json({ sha: token }), json({ sha: commit })]) {
      const endpoint = await serve((request, response) => {
        response.end(request.url?.includes("/tree/") ? json([file(`../${token}`)]) : answer);
      });
      const own: Hub = { endpoint, token, firstWait: 1, retries: 0, patience: 5 };
      const error = (await pull({ hub: own }).catch((error) => error)) as Error;
      expect(error.name).toBe("UserError");
      expect(`${error.message} ${error.cause}`).not.toContain(token.slice(0, 4));
      stranger?.closeAllConnections();
      stranger?.close();
    }
  });

  it("is not sent over a network in the clear, and this is said where it would be needed", async () => {
    const fetch = vi
      .spyOn(globalThis, "fetch")
      .mockImplementation(async () => new Response("", { status: 401 }));
    const own: Hub = { endpoint: "http://mirror.test", token, firstWait: 1, retries: 0, patience: 5 };
    const message =
      "and HF_TOKEN was not sent there, since it is not encrypted; use https, or --key-over-http";
    await expect(pull({ hub: own })).rejects.toThrow(message);
    await expect(pull({ hub: { ...own, keyOverHttp: true } })).rejects.toThrow("HF_TOKEN is not accepted");
    const sent = fetch.mock.calls.map(([, init]) => new Headers(init?.headers).get("authorization"));
    expect(sent).toEqual([null, `Bearer ${token}`]);
  });

  it.each([
    ["http://me:secret@hub.test", "without user, password or query, got http://***"],
    ["https://hub.test/?token=secret", "without user, password or query, got https://***"],
    ["me:secret@hub.test", "got ***"],
    ["ftp://me:secret@hub.test", "got ftp://***"],
    ["hub.test", "got hub.test"],
  ])("is not in an address: %s", (HF_ENDPOINT, message) => {
    expect(() => hubFromEnvironment({ HF_ENDPOINT })).toThrow(message);
    expect(() => hubFromEnvironment({ HF_TOKEN: "hf_one\nhf_two" })).toThrow(
      "HF_TOKEN must hold a key of ASCII",
    );
  });
});
