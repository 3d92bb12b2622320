/** Who may ask Studio's server what: names, pages, the token, and files below the folders that it was given. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Hono } from "hono";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { UserError } from "../../src/common/errors.ts";
import { createStudioApp, type StudioAppOptions } from "../../src/studio/server/app.ts";
import { readJsonBody } from "../../src/studio/server/bodies.ts";
import { sendFile } from "../../src/studio/server/files.ts";
import { newToken } from "../../src/studio/server/guard.ts";
import { type RunningStudio, startStudio } from "../../src/studio/server/start.ts";

let folder: string;
const setup = { server: true, models: [], assets: "ort/" };
const secret = "what nobody may see";

/** Given folders beside a secret, with links that lead out. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-studio-server-"));
  for (const name of ["site", "site/parts", "model", "model/deep", "data"]) await mkdir(join(folder, name));
  await writeFile(join(folder, "secret.json"), secret);
  await writeFile(join(folder, "site/index.html"), "<!doctype html><title>page</title>");
  await writeFile(join(folder, "site/main.js"), "export {};");
  await writeFile(join(folder, "site/parts/a-1.js"), "export {};");
  await writeFile(join(folder, "model/config.json"), '{"a": 1}');
  await writeFile(join(folder, "model/deep/größe 1.json"), "{}");
  await writeFile(join(folder, "model/.hidden.json"), secret);
  await writeFile(join(folder, "model/page.html"), "<script>alert(1)</script>");
  await writeFile(join(folder, "model/code.js"), "alert(1)");
  await writeFile(join(folder, "model/picture.svg"), "<svg onload='alert(1)'/>");
  await writeFile(
    join(folder, "model/large.bin"),
    new Uint8Array(600_000).map((_, i) => i),
  );
  await symlink(join(folder, "secret.json"), join(folder, "model/link.json"));
  await symlink(folder, join(folder, "model/up"));
  await symlink("/dev/zero", join(folder, "model/endless.json"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const thrown = new Error("inside");

/** An app as rooms add them. */
function part(): Hono {
  const app = new Hono();
  app.get("/wrong", () => {
    throw new UserError('count: must be a number, got "<b>x</b>"');
  });
  app.get("/broken", () => {
    throw thrown;
  });
  app.get("/files/:name{.+}", (context) =>
    sendFile(context, join(folder, "model"), context.req.param("name")),
  );
  app.post("/json", async (context) =>
    context.json(await readJsonBody(context, z.strictObject({ count: z.number() }), 100)),
  );
  return app;
}

function options(more: Partial<StudioAppOptions> = {}): StudioAppOptions {
  const models = new Map([["mine", join(folder, "model")]]);
  return { site: join(folder, "site"), setup, models, parts: { part: part() }, ...more };
}

async function asked(path: string, init: RequestInit = {}, more: Partial<StudioAppOptions> = {}) {
  return createStudioApp(options(more)).request(`http://localhost${path}`, init);
}

describe("its answers", () => {
  it("isolate the page, load nothing of elsewhere, and are what they say", async () => {
    for (const [path, type] of [
      ["/", "text/html; charset=utf-8"],
      ["/main.js", "text/javascript; charset=utf-8"],
      ["/studio.json", "application/json"],
      ["/models/mine/config.json", "application/json"],
      ["/nothing", "application/json"],
      ["/api/part/wrong", "application/json"],
      ["/healthz", "application/json"],
    ]) {
      const { headers } = await asked(path);
      expect([path, headers.get("content-type")]).toEqual([path, type]);
      expect(headers.get("cross-origin-opener-policy")).toBe("same-origin");
      expect(headers.get("cross-origin-embedder-policy")).toBe("require-corp");
      expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("referrer-policy")).toBe("no-referrer");
      const policy = headers.get("content-security-policy");
      expect(policy).toContain("default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self';");
      expect(policy).not.toContain("unsafe-inline");
    }
  });

  it("are never pages with somebody's text", async () => {
    for (const name of ["page.html", "code.js", "picture.svg"]) {
      const { headers, status } = await asked(`/models/mine/${name}`);
      expect([status, headers.get("content-type")]).toEqual([200, "application/octet-stream"]);
      expect(headers.get("content-disposition")).toBe("attachment");
    }
    const wrong = await asked("/api/part/wrong");
    expect([wrong.status, await wrong.json()]).toEqual([
      400,
      { error: { message: 'count: must be a number, got "<b>x</b>"', code: "invalid_request" } },
    ]);
    const nothing = await asked("/<script>alert(1)</script>");
    expect([nothing.status, nothing.headers.get("content-type")]).toEqual([404, "application/json"]);
  });

  it("tell nothing of the inside, but whoever runs the server hears of it", async () => {
    const heard: unknown[] = [];
    const broken = await asked("/api/part/broken", {}, { onFailure: (error) => heard.push(error) });
    expect([broken.status, await broken.text()]).toEqual([500, expect.not.stringContaining("inside")]);
    expect(heard).toEqual([thrown]);
  });

  it("say which methods an address takes", async () => {
    const { status, headers } = await asked("/main.js", { method: "DELETE" });
    expect([status, headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  });
});

describe("files", () => {
  it("are asked for anew only where they changed; those with a hash in their name are kept", async () => {
    const first = await asked("/models/mine/config.json");
    const tag = first.headers.get("etag") as string;
    expect([first.headers.get("cache-control"), await first.text()]).toEqual(["no-cache", '{"a": 1}']);
    const again = await asked("/models/mine/config.json", { headers: { "If-None-Match": tag } });
    expect([again.status, await again.text()]).toEqual([304, ""]);
    expect((await asked("/parts/a-1.js")).headers.get("cache-control")).toContain("immutable");
    expect((await asked("/studio.json")).headers.get("cache-control")).toBe("no-store");
  });

  it("are sent whole, in part, or by their size alone", async () => {
    const whole = await asked("/models/mine/large.bin");
    expect((await whole.arrayBuffer()).byteLength).toBe(600_000);
    const get = (range: string) => asked("/models/mine/large.bin", { headers: { Range: range } });
    const middle = await get("bytes=255-258");
    expect([middle.status, middle.headers.get("content-range")]).toEqual([206, "bytes 255-258/600000"]);
    expect([...new Uint8Array(await middle.arrayBuffer())]).toEqual([255, 0, 1, 2]);
    expect((await (await get("bytes=-3")).arrayBuffer()).byteLength).toBe(3);
    expect((await (await get("bytes=300000-")).arrayBuffer()).byteLength).toBe(300_000);
    expect((await get("bytes=600000-")).status).toBe(416);
    expect((await get("bytes=5-2")).status).toBe(416);
    const head = await asked("/models/mine/large.bin", { method: "HEAD" });
    expect([head.headers.get("content-length"), await head.text()]).toEqual(["600000", ""]);
    const name = await asked("/models/mine/deep/gr%C3%B6%C3%9Fe%201.json");
    expect([name.status, await name.text()]).toEqual([200, "{}"]);
  });

  const prefixes = ["/models/mine/", "/api/part/files/", "/"];
  const ways = [
    "../secret.json",
    "%2e%2e/secret.json",
    "%2E%2E%2Fsecret.json",
    "..%2fsecret.json",
    "..%5csecret.json",
    "%252e%252e%252fsecret.json",
    "..%c0%afsecret.json",
    "deep/../../secret.json",
    "deep/%2e%2e/%2e%2e/secret.json",
    "....//secret.json",
    "./config.json/../../secret.json",
    "link.json",
    "up/secret.json",
    "UP/secret.json",
    "endless.json",
    ".hidden.json",
    "%2ehidden.json",
    "config.json%00.png",
    "config.json%20",
    "config.json.",
    "config.json::$DATA",
    "deep",
    "deep/",
    "//etc/passwd",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "file:///etc/passwd",
    "C:%5cwindows%5cwin.ini",
    "%",
    "%zz",
  ];

  let running: RunningStudio;
  beforeAll(async () => {
    running = await startStudio({ ...options(), host: "127.0.0.1", port: 0, callers: {} });
  });
  afterAll(() => running.close());

  it.each(prefixes.flatMap((prefix) => ways.map((way) => prefix + way)))("%s leads nowhere", async (path) => {
    const { status, text } = await raw(running.port, path);
    expect([404, 400]).toContain(status);
    expect(text).not.toContain(secret);
    expect(text).not.toContain("root:");
  });

  it("are there by their own names, all the same", async () => {
    expect((await raw(running.port, "/models/mine/config.json")).status).toBe(200);
    expect((await raw(running.port, "/api/part/files/deep/gr%C3%B6%C3%9Fe%201.json")).status).toBe(200);
  });
});

/** A path as it stands: `fetch` would straighten it. */
function raw(port: number, path: string, headers: Record<string, string> = {}) {
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, path, headers }, async (answer) => {
      const pieces: Buffer[] = [];
      for await (const piece of answer) pieces.push(piece);
      resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(pieces).toString() });
    });
    sent.on("error", reject);
    sent.end();
  });
}

describe("bodies", () => {
  const post = (body: string, headers: Record<string, string> = {}) =>
    asked("/api/part/json", {
      method: "POST",
      body,
      headers: { "Content-Type": "application/json", ...headers },
    });

  it("are taken as their schema says", async () => {
    expect(await (await post('{"count": 2}')).json()).toEqual({ count: 2 });
    const refused = async (answer: Response) => [answer.status, (await answer.json()).error.message];
    expect(await refused(await post('{"count": "2"}'))).toEqual([400, expect.stringMatching(/^count: /)]);
    expect(await refused(await post("{"))).toEqual([400, expect.stringMatching(/^the body: must be JSON/)]);
    expect(await refused(await post(`{"count": ${"1".repeat(200)}}`))).toEqual([
      413,
      "The request must have at most 100 bytes",
    ]);
    expect((await post("{}", { "Content-Type": "text/plain" })).status).toBe(415);
    expect((await post("{}", { "Content-Encoding": "gzip" })).status).toBe(415);
  });
});

describe("callers", () => {
  it("call it by a name of its own", async () => {
    const status = async (host: string) => (await asked("/studio.json", { headers: { Host: host } })).status;
    expect(await Promise.all(["localhost:80", "127.0.0.1", "[::1]:9"].map(status))).toEqual([200, 200, 200]);
    expect(await Promise.all(["evil.com", "localhost.evil.com", "", "a b"].map(status))).toEqual([
      403, 403, 403, 403,
    ]);
  });

  it("are its own pages, or those that it allows", async () => {
    const callers = { host: "127.0.0.1", allowHosts: [], allowOrigins: ["https://lab.example"] };
    const ask = (headers: Record<string, string>) =>
      asked("/studio.json", { headers: { Host: "localhost", ...headers } }, { callers });
    expect((await ask({ Origin: "http://localhost" })).status).toBe(200);
    expect((await ask({ Origin: "https://evil.com" })).status).toBe(403);
    expect((await ask({ Origin: "null" })).status).toBe(403);
    expect((await ask({ "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors" })).status).toBe(403);
    const allowed = await ask({ Origin: "https://lab.example", "Sec-Fetch-Site": "cross-site" });
    expect(allowed.headers.get("access-control-allow-origin")).toBe("https://lab.example");
    expect((await ask({ Origin: "http://localhost" })).headers.has("access-control-allow-origin")).toBe(
      false,
    );
  });

  it("may come by a link of another page, to the page itself alone", async () => {
    const headers = { "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate" };
    expect((await asked("/", { headers })).status).toBe(200);
    expect((await asked("/studio.json", { headers })).status).toBe(403);
  });
});

describe("the token", () => {
  const token = newToken();
  const ask = (path: string, headers: Record<string, string> = {}) => asked(path, { headers }, { token });

  it("is asked for at every address but that of health", async () => {
    for (const path of ["/", "/main.js", "/studio.json", "/models/mine/config.json", "/api/part/wrong"]) {
      expect([path, (await ask(path)).status]).toEqual([path, 401]);
      expect((await ask(path, { Authorization: `Bearer ${newToken()}` })).status).toBe(401);
      expect((await ask(path, { Authorization: `Bearer ${token}` })).status).not.toBe(401);
    }
    expect((await ask(`/?token=${newToken()}`)).status).toBe(401);
    expect((await ask("/healthz")).status).toBe(200);
    expect(token).toMatch(/^[\w-]{22}$/);
  });

  it("goes from the address into a cookie that no script and no other page reads", async () => {
    const entered = await ask(`/?token=${token}`);
    expect([entered.status, entered.headers.get("location")]).toEqual([303, "/"]);
    const cookie = entered.headers.get("set-cookie") as string;
    expect(cookie).toMatch(/^fovea-studio-web=[\w-]{22}; Path=\/; HttpOnly; SameSite=Strict$/);
    expect((await ask("/", { Cookie: cookie.split(";")[0] as string })).status).toBe(200);
    const elsewhere = await ask(`//evil.com/?token=${token}`);
    expect(elsewhere.headers.get("location")).toBe("/evil.com/");
  });

  it("need not be shown on this machine alone", async () => {
    expect((await asked("/studio.json", {}, { token, tokenNeeded: false })).status).toBe(200);
    expect((await asked(`/?token=${token}`, {}, { token, tokenNeeded: false })).status).toBe(303);
  });
});

describe("its port", () => {
  it("is the next free one where it may be another, else a mistake in one line", async () => {
    const one = await startStudio({ ...options(), host: "127.0.0.1", port: 0, callers: {} });
    const again = { ...options(), host: "127.0.0.1", port: one.port, callers: {} };
    await expect(startStudio(again)).rejects.toThrow(
      `studio: --port must be free, got ${one.port}; name another one, or 0 for any free one`,
    );
    const other = await startStudio({ ...again, tries: 20 });
    expect(other.port).toBeGreaterThan(one.port);
    await Promise.all([one.close(), other.close()]);
    await expect(startStudio({ ...again, host: "192.0.2.1" })).rejects.toThrow("--host must be an address");
  });
});
