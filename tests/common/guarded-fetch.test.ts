import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { guardedFetch, RedirectElsewhere } from "../../src/common/guarded-fetch.ts";
import { isPrivateConnection } from "../../src/common/private-connection.ts";

interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** A server that keeps what reaches it, and redirects `/STATUS/...` to where the test says. */
async function start() {
  const received: Received[] = [];
  const to = { location: "/end" };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = "", url: path = "", headers } = request;
    received.push({ method, path, headers, body: Buffer.concat(chunks).toString() });
    const status = Number(/^\/(3\d\d)/.exec(path)?.[1] ?? 200);
    response.writeHead(status, status === 200 ? {} : { location: to.location }).end("body");
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return { server, received, to, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

let [here, there] = [{} as Awaited<ReturnType<typeof start>>, {} as Awaited<ReturnType<typeof start>>];
beforeEach(async () => {
  [here, there] = [await start(), await start()];
});
afterEach(async () => {
  for (const { server } of [here, there]) await new Promise((done) => close(server, done));
});

function close(server: Server, done: (value: unknown) => void) {
  server.closeAllConnections();
  server.close(done);
}

const headers = { "x-api-key": "secret", authorization: "Bearer secret", "content-type": "text/plain" };
const post = { method: "POST", body: "picture", headers };
const refusing = guardedFetch({ elsewhere: "refuse" });

describe.each([301, 302, 303, 307, 308])("a %d", (status) => {
  it("to another origin gets nothing: another port, host or scheme, with or without a body", async () => {
    const port = new URL(there.url).port;
    const same = new URL(here.url).port;
    for (const location of [
      `${there.url}/v1?key=secret`,
      `//127.0.0.1:${port}/v1`,
      `http://localhost:${port}/v1`,
      `http://sub.localhost:${same}/v1`,
      `https://127.0.0.1:${same}/v1`,
      `http://user:secret@127.0.0.1:${port}/v1`,
      "data:text/plain,hello",
      "file:///etc/hostname",
    ]) {
      here.to.location = location;
      for (const init of [post, { headers }]) {
        const error = await refusing(`${here.url}/${status}`, init).catch((error) => error);
        expect(error).toBeInstanceOf(RedirectElsewhere);
        expect(error.message).toContain(`${here.url} redirects to `);
        expect(error.message).not.toContain("secret");
      }
    }
    expect(there.received).toEqual([]);
  });

  it("within the origin is followed as usual", async () => {
    const response = await refusing(`${here.url}/${status}`, post);
    expect([response.status, await response.text()]).toEqual([200, "body"]);
    const last = here.received[1];
    const repeated = status > 303;
    expect([last.method, last.body, last.path]).toEqual([
      repeated ? "POST" : "GET",
      repeated ? "picture" : "",
      "/end",
    ]);
    expect(last.headers["x-api-key"]).toBe("secret");
    expect(last.headers["content-type"]).toBe(repeated ? "text/plain" : undefined);
  });

  it("is followed bare where that is asked for, and only to read", async () => {
    here.to.location = `${there.url}/store`;
    const bare = guardedFetch({ elsewhere: "bare" });
    const init = { headers: { ...headers, cookie: "secret", range: "bytes=5-" } };
    expect((await bare(`${here.url}/${status}`, init)).status).toBe(200);
    expect(there.received[0].headers).toMatchObject({ range: "bytes=5-" });
    expect(JSON.stringify(there.received[0].headers)).not.toContain("secret");
    await expect(bare(`${here.url}/${status}`, post)).rejects.toThrow(RedirectElsewhere);
    expect(there.received).toHaveLength(1);
  });
});

it("secrets do not come back on the way through another origin", async () => {
  here.to.location = `${there.url}/307`;
  there.to.location = `${here.url}/end`;
  await guardedFetch({ elsewhere: "bare" })(`${here.url}/307`, { headers });
  expect(here.received.map(({ headers }) => headers["x-api-key"])).toEqual(["secret", undefined]);
});

it("never goes from https to http", async () => {
  const send = async () => new Response(null, { status: 302, headers: { location: "http://a.test/b" } });
  const bare = guardedFetch({ elsewhere: "bare", send });
  await expect(bare("https://a.test/b")).rejects.toThrow("https://a.test redirects to http://a.test/b");
});

it("a circle ends, and a location that is no address is said", async () => {
  here.to.location = "/302/again";
  await expect(refusing(`${here.url}/302`)).rejects.toThrow("redirects in a circle");
  expect(here.received.length).toBeLessThan(25);
  here.to.location = "http://[";
  await expect(refusing(`${here.url}/302`)).rejects.toThrow("redirects to what is no address");
});

it("tells the ways that others can read", () => {
  const open = { NODE_USE_ENV_PROXY: "1", HTTP_PROXY: "http://proxy:3128" };
  for (const [address, expected, environment] of [
    ["https://api.test/v1", true, {}],
    ["https://api.test/v1", true, open],
    ["http://api.test/v1", false, {}],
    ["http://10.0.0.7:8000", false, {}],
    ["http://localhost.test", false, {}],
    ["http://127.0.0.1.test", false, {}],
    ["http://0.0.0.0:8000", false, {}],
    ["http://localhost:8000", true, {}],
    ["http://LOCALHOST", true, {}],
    ["http://127.1:8000", true, {}],
    ["http://[::1]:8000", true, {}],
    ["http://[::2]:8000", false, {}],
    ["http://localhost:8000", false, open],
    ["http://localhost:8000", true, { ...open, NO_PROXY: "a.test, localhost" }],
    ["http://localhost:8000", true, { HTTP_PROXY: "http://proxy:3128" }],
    ["http://localhost:8000", false, { ...open, NODE_USE_ENV_PROXY: "", NODE_OPTIONS: "--use-env-proxy" }],
  ] as const)
    expect([address, isPrivateConnection(address, environment)]).toEqual([address, expected]);
});
