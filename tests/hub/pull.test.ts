import { mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { cachedSnapshot, modelFolder, modelName, parseModelRef } from "../../src/hub/net/cache.ts";
import type { Hub } from "../../src/hub/net/hub-fetch.ts";
import { hubFromEnvironment } from "../../src/hub/net/hub-fetch.ts";
import { type PullOptions, pullModel } from "../../src/hub/net/pull.ts";
import { type FakeHub, type FakeRepo, openFakeHub } from "./fake-hub.ts";

const commit = "0123456789abcdef0123456789abcdef01234567";
const weights = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 7919) % 251));
const repo: FakeRepo = {
  name: "someone/small-vlm",
  commit,
  refs: { main: commit, "refs/pr/1": commit },
  files: {
    ".gitattributes": Buffer.from("*.safetensors filter=lfs\n"),
    "README.md": Buffer.from("# Small\n"),
    "config.json": Buffer.from('{"model_type": "llava"}\n'),
    "chat_template.jinja": Buffer.from("{{ messages }}"),
    "model.safetensors": weights,
    "pytorch_model.bin": Buffer.from("a pickle"),
    "onnx/config.json": Buffer.from("{}"),
  },
};
const ref = { name: repo.name, revision: "main" };

let hub: FakeHub;
let cache: string;

beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), "fovea-pull-"));
  vi.stubEnv("HF_HUB_CACHE", cache);
  hub = await openFakeHub(repo);
});

afterEach(async () => {
  await hub.close();
  vi.unstubAllEnvs();
  await rm(cache, { recursive: true });
});

const repoPath = (...parts: string[]) => join(cache, "models--someone--small-vlm", ...parts);

function pull(options: PullOptions & { readonly token?: string } = {}) {
  const own: Hub = { endpoint: hub.endpoint, firstWait: 1, retries: 2, patience: 5, token: options.token };
  return pullModel(ref, { hub: own, ...options });
}

const filesRequests = () => hub.seen.filter(({ cdn }) => cdn);

test("fetches what a model is opened from, in the layout that Python's huggingface_hub has", async () => {
  const progress: number[] = [];
  const pulled = await pull({ onProgress: (done, total) => progress.push(done / total) });
  const files = ["README.md", "chat_template.jinja", "config.json", "model.safetensors"];
  expect(pulled.files.toSorted()).toEqual(files);
  expect(pulled).toMatchObject({ commit, folder: repoPath("snapshots", commit), bytes: 200_046 });
  expect(await readFile(join(pulled.folder, "model.safetensors"))).toEqual(weights);
  const target = await readlink(join(pulled.folder, "config.json"));
  expect(target).toBe(join("..", "..", "blobs", hub.hashOf("config.json")));
  expect(await readFile(repoPath("refs", "main"), "utf8")).toBe(commit);
  expect(await readdir(repoPath("blobs"))).toHaveLength(4);
  expect([progress[0], progress.at(-1)]).toEqual([0, 1]);
});

test("fetches nothing twice, and everything on demand", async () => {
  await pull();
  hub.seen.length = 0;
  await pull();
  expect(hub.seen.filter(({ path }) => path.includes("/resolve/"))).toEqual([]);
  const { files } = await pull({ all: true });
  expect(files).toHaveLength(7);
  expect(await readFile(repoPath("snapshots", commit, "onnx", "config.json"), "utf8")).toBe("{}");
});

test("goes on where a connection broke, as often as bytes come", async () => {
  hub.faults.set("model.safetensors", Array(4).fill({ breakAfter: 40_000 }));
  await pull();
  const ranges = filesRequests().map(({ range }) => range);
  expect(ranges).toHaveLength(5);
  expect(ranges[0]).toBeUndefined();
  const starts = ranges.slice(1).map((range) => Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1]));
  expect(starts).toEqual(starts.toSorted((a, b) => a - b));
  expect(starts[0]).toBeGreaterThan(0);
});

test("goes on from what an earlier process left, and leaves no half model when it fails", async () => {
  hub.faults.set("model.safetensors", [{ breakAfter: 50_000 }, { status: 404, code: "EntryNotFound" }]);
  await expect(pull()).rejects.toThrow("lacks a file that its listing names");
  expect(await cachedSnapshot(ref)).toBeUndefined();
  const own = hub.hashOf("model.safetensors");
  const left = (await readdir(repoPath("blobs"))).find(
    (name) => name.startsWith(own) && name.endsWith(".incomplete"),
  );
  if (left === undefined) throw new Error("nothing of the weights was left");
  // The highest number that a process can have on Linux, and some: the process that left it is gone.
  await rm(repoPath("blobs", left));
  const orphan = `${hub.hashOf("model.safetensors")}.99999999.incomplete`;
  await writeFile(repoPath("blobs", orphan), weights.subarray(0, 70_000));
  hub.seen.length = 0;
  await pull();
  expect(filesRequests().map(({ range }) => range)).toEqual(["bytes=70000-"]);
  expect((await readdir(repoPath("blobs"))).filter((name) => /^[0-9a-f]+$/.test(name))).toHaveLength(4);
});

test("starts again where the server cannot send a part", async () => {
  hub.faults.set("model.safetensors", [{ breakAfter: 50_000 }, { noRange: true }]);
  const progress: number[] = [];
  const { folder } = await pull({ onProgress: (done) => progress.push(done) });
  expect(await readFile(join(folder, "model.safetensors"))).toEqual(weights);
  expect(progress.at(-1)).toBe(200_046);
});

test("bytes with the wrong hash are fetched once more, then refused", async () => {
  hub.faults.set("model.safetensors", [{ corrupt: true }]);
  await pull();
  await rm(cache, { recursive: true });
  hub.faults.set("config.json", [{ corrupt: true }, { corrupt: true }]);
  await expect(pull()).rejects.toThrow(/^pull: config\.json must have hash [0-9a-f]{40}, got /);
  expect(await readdir(repoPath("blobs"))).not.toContain(hub.hashOf("config.json"));
  expect(await cachedSnapshot(ref)).toBeUndefined();
});

test("a part of other bytes does not survive", async () => {
  await mkdir(repoPath("blobs"), { recursive: true });
  const part = repoPath("blobs", `${hub.hashOf("model.safetensors")}.99999999.incomplete`);
  await writeFile(part, Buffer.alloc(100_000));
  const { folder } = await pull();
  expect(await readFile(join(folder, "model.safetensors"))).toEqual(weights);
  await rm(cache, { recursive: true });
  await mkdir(repoPath("blobs"), { recursive: true });
  await writeFile(part, Buffer.alloc(300_000));
  expect(await readFile(join((await pull()).folder, "model.safetensors"))).toEqual(weights);
});

test("waits out a busy server, but not for ever", async () => {
  hub.faults.set("api", [{ status: 500 }]);
  hub.faults.set("model.safetensors", [{ status: 429 }, { status: 503 }]);
  await pull();
  await rm(cache, { recursive: true });
  hub.faults.set("model.safetensors", Array(3).fill({ status: 429 }));
  await expect(pull()).rejects.toThrow(/^pull: 127\.0\.0\.1:\d+ answered 429, also when asked again/);
});

test("says why a model cannot be had", async () => {
  const own: Hub = { endpoint: hub.endpoint, firstWait: 1, retries: 1, patience: 5 };
  const asked = (name: string, revision = "main", change: Partial<Hub> = {}) =>
    pullModel({ name, revision }, { hub: { ...own, ...change } }).catch((error: Error) =>
      error.message.replaceAll(/127\.0\.0\.1:\d+/g, "HOST"),
    );
  expect(await asked("someone/other")).toBe(
    "pull: http://HOST knows no model someone/other; for a private model set HF_TOKEN",
  );
  expect(await asked("someone/other", "main", { token: "hf_x" })).toBe(
    "pull: http://HOST knows no model someone/other",
  );
  expect(await asked(repo.name, "v9")).toBe(
    "pull: someone/small-vlm has no such revision; see http://HOST/someone/small-vlm/refs",
  );
  hub.faults.set("api", [{ status: 401 }]);
  expect(await asked(repo.name, "main", { token: "hf_x" })).toBe("pull: HF_TOKEN is not accepted");
  await hub.close();
  expect(await asked(repo.name)).toBe("pull: HOST cannot be reached (ECONNREFUSED); is there a network?");
});

test("a gated model needs a token, which goes to the hub only and is nowhere written", async () => {
  await hub.close();
  hub = await openFakeHub({ ...repo, token: "hf_secret" });
  await expect(pull()).rejects.toThrow(
    /someone\/small-vlm is gated: accept its terms at .*, then set HF_TOKEN/,
  );
  await pull({ token: "hf_secret" });
  expect(hub.seen.filter(({ cdn, token }) => cdn && token !== undefined)).toEqual([]);
  for (const entry of await readdir(cache, { recursive: true, withFileTypes: true }))
    if (entry.isFile())
      expect(await readFile(join(entry.parentPath, entry.name), "utf8")).not.toContain("hf_");
});

test("a listing cannot lead out of the cache", async () => {
  await hub.close();
  hub = await openFakeHub({ ...repo, files: { ...repo.files, "../../../evil.json": Buffer.from("{}") } });
  await expect(pull({ all: true })).rejects.toThrow('cannot be stored: "../../../evil.json"');
});

test("a model without safetensors is not fetched", async () => {
  await hub.close();
  hub = await openFakeHub({
    ...repo,
    files: { "config.json": Buffer.from("{}"), "a.bin": Buffer.from("x") },
  });
  await expect(pull()).rejects.toThrow("has no .safetensors weights; --all fetches what it has");
});

test("a name in the cache is a folder, wherever a folder is asked for", async () => {
  const { folder } = await pull();
  expect(await modelFolder("someone/small-vlm")).toBe(folder);
  expect(await modelFolder(`someone/small-vlm@${commit}`)).toBe(folder);
  expect(await modelFolder(cache)).toBe(cache);
  expect([modelName(folder), modelName("out/model/")]).toEqual(["small-vlm", "model"]);
  expect(await modelFolder("./nowhere")).toBe("./nowhere");
  await expect(modelFolder("someone/small-vlm@v2")).rejects.toThrow("fovea pull someone/small-vlm@v2");
});

test("names of models", () => {
  expect(parseModelRef("a/b")).toEqual({ name: "a/b", revision: "main" });
  expect(parseModelRef("a/B-1.5_x@refs/pr/3")).toEqual({ name: "a/B-1.5_x", revision: "refs/pr/3" });
  for (const text of ["a", "/a/b", "a/b/c", "../b", "a/..", "a/b@../../x", "a/b@", "a--b/c", "https://x/y"])
    expect(parseModelRef(text)).toBeUndefined();
});

test("the environment says which hub", () => {
  expect(hubFromEnvironment({})).toMatchObject({ endpoint: "https://huggingface.co" });
  const env = { HF_ENDPOINT: "http://mirror.test/", HF_TOKEN: " hf_1\n" };
  expect(hubFromEnvironment(env)).toMatchObject({ endpoint: "http://mirror.test", token: "hf_1" });
  expect(() => hubFromEnvironment({ HF_HUB_OFFLINE: "1" })).toThrow("HF_HUB_OFFLINE");
});
