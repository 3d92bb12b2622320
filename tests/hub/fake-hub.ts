/** A server that speaks the Hugging Face hub's protocol, as far as pulling needs it, and fails on demand. */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What happens to one request for a file, or to the API ("api"). */
export type Fault =
  | { readonly status: number; readonly code?: string; readonly retryAfter?: number }
  | { readonly breakAfter: number }
  | { readonly corrupt: true }
  | { readonly noRange: true };

export interface FakeHub {
  readonly endpoint: string;
  /** Faults that the next requests for a path meet, first come first served. */
  readonly faults: Map<string, Fault[]>;
  /** Every request: method, path, range, and whether a token came along. */
  readonly seen: { method: string; path: string; range?: string; token?: string; cdn: boolean }[];
  /** The repository's commit. */
  readonly commit: string;
  readonly hashOf: (path: string) => string;
  close(): Promise<void>;
}

export interface FakeRepo {
  readonly name: string;
  readonly commit: string;
  /** Revision -> commit. */
  readonly refs?: Readonly<Record<string, string>>;
  readonly files: Readonly<Record<string, Buffer>>;
  /** If set, only this token may read. */
  readonly token?: string;
}

const isLfs = (path: string) => /\.(safetensors|bin)$/.test(path);
const gitHash = (bytes: Buffer) =>
  createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

/** Two origins, as in reality: the hub itself, and the store of large files to which it redirects. */
export async function openFakeHub(repo: FakeRepo): Promise<FakeHub> {
  const hashOf = (path: string) => (isLfs(path) ? sha256 : gitHash)(repo.files[path]);
  const faults: FakeHub["faults"] = new Map();
  const seen: FakeHub["seen"] = [];
  const note = (request: IncomingMessage, cdn: boolean) => {
    const { method = "GET", url = "", headers } = request;
    const path = decodeURIComponent(url.split("?")[0]);
    seen.push({ method, path, range: headers.range, token: headers.authorization, cdn });
    return path;
  };

  const store = createServer((request, response) => {
    const path = note(request, true).slice(1);
    sendFile(request, response, repo.files[path], faults.get(path)?.shift());
  });
  const cdn = await listen(store);

  const hub = createServer((request, response) => {
    const path = note(request, false);
    if (path.startsWith("/api/")) return api(request, response, path);
    const [, owner, name, kind, commit, ...rest] = path.split("/");
    const file = rest.join("/");
    if (`${owner}/${name}` !== repo.name || kind !== "resolve" || commit !== repo.commit)
      return fail(response, 404, "RepoNotFound");
    if (!allowed(request)) return fail(response, 401, "GatedRepo");
    if (repo.files[file] === undefined) return fail(response, 404, "EntryNotFound");
    response.setHeader("x-repo-commit", repo.commit);
    if (!isLfs(file)) {
      response.setHeader("etag", `"${hashOf(file)}"`);
      return sendFile(request, response, repo.files[file], faults.get(file)?.shift());
    }
    response.setHeader("x-linked-etag", `"${hashOf(file)}"`);
    response.setHeader("x-linked-size", repo.files[file].length);
    response.writeHead(302, { location: `${cdn}/${encodeURIComponent(file)}` }).end();
  });
  const endpoint = await listen(hub);

  function allowed({ headers }: IncomingMessage): boolean {
    return repo.token === undefined || headers.authorization === `Bearer ${repo.token}`;
  }

  function api(request: IncomingMessage, response: ServerResponse, path: string): ServerResponse {
    const fault = faults.get("api")?.shift();
    if (fault !== undefined && "status" in fault) return fail(response, fault.status, fault.code);
    const [, owner, name, kind, revision] = /^\/api\/models\/([^/]+)\/([^/]+)\/(\w+)\/(.+)$/.exec(path) ?? [];
    if (`${owner}/${name}` !== repo.name) return fail(response, 401, "RepoNotFound");
    const commit = repo.refs?.[revision] ?? (revision === repo.commit ? revision : undefined);
    if (commit === undefined) return fail(response, 404, "RevisionNotFound");
    if (kind === "revision") return json(response, { _id: "1", id: repo.name, sha: commit, lastModified: 0 });
    const url = new URL(request.url ?? "", endpoint);
    const all = url.searchParams.get("recursive") === "true";
    const entries = Object.keys(repo.files)
      .filter((file) => all || !file.includes("/"))
      .map((file) => treeEntry(file));
    const page = Number(url.searchParams.get("page") ?? 0);
    url.searchParams.set("page", String(page + 1));
    const more = 2 * (page + 1) < entries.length;
    if (more) response.setHeader("link", `<${url.href}>; rel="next"`);
    return json(response, entries.slice(2 * page, 2 * page + 2));
  }

  function treeEntry(path: string) {
    const bytes = repo.files[path];
    const size = bytes.length;
    if (!isLfs(path)) return { type: "file", path, size, oid: gitHash(bytes) };
    return {
      type: "file",
      path,
      size,
      oid: "0".repeat(40),
      lfs: { oid: sha256(bytes), size, pointerSize: 130 },
    };
  }

  const close = async () => {
    for (const server of [hub, store]) {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    }
  };
  return { endpoint, faults, seen, commit: repo.commit, hashOf, close };
}

function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  bytes: Buffer,
  fault?: Fault,
): ServerResponse {
  if (fault !== undefined && "status" in fault) {
    if (fault.retryAfter !== undefined) response.setHeader("retry-after", fault.retryAfter);
    return fail(response, fault.status, fault.code);
  }
  const ranged = fault !== undefined && "noRange" in fault ? undefined : request.headers.range;
  const start = Number(/^bytes=(\d+)-$/.exec(ranged ?? "")?.[1] ?? 0);
  if (start >= bytes.length && start > 0) return fail(response, 416);
  const body = fault !== undefined && "corrupt" in fault ? bytes.map((x) => x ^ 1) : bytes;
  const end = bytes.length - 1;
  if (start > 0) response.setHeader("content-range", `bytes ${start}-${end}/${bytes.length}`);
  response.writeHead(start > 0 ? 206 : 200, { "content-length": bytes.length - start });
  if (request.method === "HEAD") return response.end();
  if (fault === undefined || !("breakAfter" in fault)) return response.end(body.subarray(start));
  response.write(body.subarray(start, start + fault.breakAfter));
  setTimeout(() => response.destroy(), 50);
  return response;
}

function fail(response: ServerResponse, status: number, code?: string): ServerResponse {
  if (code !== undefined) response.setHeader("x-error-code", code);
  return response.writeHead(status).end("no");
}

function json(response: ServerResponse, value: unknown): ServerResponse {
  return response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value));
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
