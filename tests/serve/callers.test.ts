/** Who may call: names that a page elsewhere could point here, and pages that ask without being able to read. */
import { once } from "node:events";
import { type IncomingHttpHeaders, request } from "node:http";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkCaller, nameOf } from "../../src/serve/hosts.ts";
import { asked, startTestServer, type TestServer } from "./support.ts";

const body = JSON.stringify({ model: "full", messages: asked("is there a cat ?"), max_tokens: 1 });

interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** A request with any headers, which fetch would not send. */
async function ask(
  url: string,
  method: string,
  path: string,
  headers: Record<string, string>,
): Promise<Reply> {
  const type = method === "POST" ? { "Content-Type": "application/json" } : {};
  const call = request(`${url}${path}`, { method, headers: { ...type, ...headers }, agent: false });
  call.end(method === "POST" ? body : undefined);
  const [response] = await once(call, "response");
  const chunks: Buffer[] = await response.toArray();
  return { status: response.statusCode, headers: response.headers, text: Buffer.concat(chunks).toString() };
}

describe("a server of this machine", () => {
  let server: TestServer;
  let port: string;
  beforeAll(async () => {
    server = await startTestServer({
      callers: { allowHosts: ["fovea.example"], allowOrigins: ["https://page.example"] },
    });
    port = new URL(server.url).port;
  });
  afterAll(() => server.close(0));

  const addresses = [
    ["GET", "/health"],
    ["GET", "/healthz"],
    ["GET", "/metrics"],
    ["GET", "/v1/models"],
    ["GET", "/v1/models/full"],
    ["POST", "/v1/chat/completions"],
    ["GET", "/nowhere"],
  ] as const;

  it.each([
    "evil.example",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "192.168.1.7",
    "0.0.0.0",
    "[::2]",
  ])("is not called %s, at any address", async (name) => {
    for (const [method, path] of addresses) {
      const { status, text } = await ask(server.url, method, path, { Host: `${name}:${port}` });
      expect([path, status]).toEqual([path, 403]);
      expect(JSON.parse(text)).toMatchObject({
        error: {
          type: "invalid_request_error",
          code: "host_not_allowed",
          message: `The host "${name}:${port}" is not a name of this server; its option --allow-host allows one`,
        },
      });
    }
  });

  it.each(["localhost", "LOCALHOST", "127.0.0.1", "127.8.8.8", "[::1]", "fovea.example", "fovea.example."])(
    "is called %s",
    async (name) => {
      for (const host of [name, `${name}:${port}`]) {
        expect((await ask(server.url, "GET", "/health", { Host: host })).status).toBe(200);
      }
      expect((await ask(server.url, "POST", "/v1/chat/completions", { Host: name })).status).toBe(200);
    },
  );

  it("is not asked by pages from elsewhere, nor by those without an origin of their own", async () => {
    const other = `http://localhost:${Number(port) + 1}`;
    for (const origin of ["https://evil.example", other, "null", "https://page.example.evil.example", "x"]) {
      const { status, text, headers } = await ask(server.url, "POST", "/v1/chat/completions", {
        Origin: origin,
      });
      expect([origin, status, headers["access-control-allow-origin"]]).toEqual([origin, 403, undefined]);
      expect(JSON.parse(text)).toMatchObject({ error: { code: "origin_not_allowed" } });
      expect((await ask(server.url, "OPTIONS", "/v1/chat/completions", { Origin: origin })).status).toBe(403);
    }
  });

  it("is asked by its own pages, and answers allowed ones so that they can read it", async () => {
    const own = await ask(server.url, "POST", "/v1/chat/completions", { Origin: server.url });
    expect([own.status, own.headers["access-control-allow-origin"]]).toEqual([200, undefined]);
    const Origin = "https://page.example";
    const allowed = await ask(server.url, "POST", "/v1/chat/completions", { Origin });
    expect([allowed.status, allowed.headers["access-control-allow-origin"]]).toEqual([200, Origin]);
    const preflight = await ask(server.url, "OPTIONS", "/v1/chat/completions", {
      Origin,
      "Access-Control-Request-Method": "POST",
      "Access-Control-Request-Headers": "authorization,content-type",
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers["access-control-allow-headers"]).toBe("authorization,content-type");
  });

  it("takes a request for one server only: two hosts, another host in the address", async () => {
    const said = async (text: string) => {
      const socket = connect(Number(port), "127.0.0.1");
      socket.end(text);
      return Buffer.concat(await socket.toArray()).toString();
    };
    const close = "Connection: close\r\n\r\n";
    expect(await said(`GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n${close}`)).toMatch(
      /^HTTP\/1.1 40[03]/,
    );
    expect(await said(`GET http://evil.example/health HTTP/1.1\r\nHost: localhost\r\n${close}`)).toMatch(
      /^HTTP\/1.1 403/,
    );
    expect(await said(`GET /health HTTP/1.1\r\n${close}`)).toMatch(/^HTTP\/1.1 400/);
    expect(await said(`GET /health HTTP/1.1\r\nHost: localhost\r\n${close}`)).toMatch(/^HTTP\/1.1 200/);
  });
});

describe("names", () => {
  it.each([
    ["example.com:80", "example.com"],
    ["[::1]:8000", "::1"],
    ["Example.com.", "example.com"],
    ["a b", undefined],
    ["evil.example, localhost", undefined],
    ["user@localhost", undefined],
    ["localhost:80:80", undefined],
    ["", undefined],
  ])("%j is called %j", (host, name) => {
    expect(nameOf(host)).toBe(name);
  });

  const check = (host: string, on: string) => () =>
    checkCaller(new Request(`http://${host}/`), { host: on, allowHosts: [], allowOrigins: [] });

  it("may be any address where the server listens on all, but no other name", () => {
    for (const on of ["0.0.0.0", "::"])
      for (const host of ["192.168.1.7:8000", "[fd00::7]:8000", "localhost"])
        expect(check(host, on)).not.toThrow();
    expect(check("evil.example:8000", "0.0.0.0")).toThrow("--allow-host");
    expect(check("box.example:8000", "box.example")).not.toThrow();
    expect(check("192.168.1.8:8000", "192.168.1.7")).toThrow("--allow-host");
  });
});
