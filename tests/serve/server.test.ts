import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createApp } from "../../src/serve/app.ts";
import { openServed } from "../../src/serve/served.ts";
import { startServer } from "../../src/serve/server.ts";
import {
  asked,
  events,
  modelFolder,
  pngUri,
  post,
  scenes,
  startTestServer,
  type TestServer,
} from "./support.ts";

/** Goes on for as long as there is room: 1014 tokens. */
const endless = { model: "full", messages: asked("is there a cat ?") };
const short = { ...endless, max_tokens: 2 };

async function firstChunk(response: Response): Promise<ReadableStreamDefaultReader<Uint8Array>> {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  await reader.read();
  return reader;
}

/** Waits until so many answers are under way or wait. */
async function busy({ url }: TestServer, count: number): Promise<void> {
  for (;;) {
    const health = (await (await fetch(`${url}/healthz`)).json()) as { busy: number };
    if (health.busy === count) return;
  }
}

describe("one model for many clients", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.close(0));

  it("answers one after the other, each its own", async () => {
    const examples = await scenes(server, 2);
    const requests = await Promise.all(
      examples.flatMap(({ image, questions }) =>
        questions.map(async ({ question }) => ({
          model: "full",
          messages: asked(question, await pngUri(image)),
        })),
      ),
    );
    const answer = async (request: object) => {
      const body = (await (await post(server.api, request)).json()) as { choices: { message: object }[] };
      return body.choices[0].message;
    };
    const alone: object[] = [];
    for (const request of requests) alone.push(await answer(request));
    expect(await Promise.all(requests.map(answer))).toEqual(alone);
  });

  it("stops at the next token when a stream's client goes", async () => {
    const line = server.line("broken off");
    const reader = await firstChunk(await post(server.api, { ...endless, stream: true }));
    await reader.cancel();
    expect(await line).toBe("POST /v1/chat/completions 200 broken off");
    expect((await post(server.api, short)).status).toBe(200);
  });

  it("forgets who goes before its turn", async () => {
    const caller = new AbortController();
    const seen = server.lines.length;
    const reader = await firstChunk(await post(server.api, { ...endless, stream: true }));
    const second = post(server.api, endless, { signal: caller.signal });
    await busy(server, 2);
    const gone = server.line(" 499");
    caller.abort();
    await expect(second).rejects.toThrow();
    await reader.cancel();
    await gone;
    expect((await post(server.api, short)).status).toBe(200);
    expect(server.lines.slice(seen).filter((line) => line.includes("1014"))).toEqual([]);
    expect(server.failures).toEqual([]);
  });

  it("stops at the next token when the client of a whole answer goes", async () => {
    const caller = new AbortController();
    const gone = server.line(" 499");
    const answer = post(server.api, endless, { signal: caller.signal });
    await busy(server, 1);
    caller.abort();
    await expect(answer).rejects.toThrow();
    expect(await gone).toBe("POST /v1/chat/completions 499");
    await busy(server, 0);
  });

  it("says that it is busy when too many wait", async () => {
    const served = await openServed(modelFolder, { maxWaiting: 1 });
    const app = createApp(served);
    const headers = { "Content-Type": "application/json" };
    const ask = () =>
      app.request("/v1/chat/completions", { method: "POST", headers, body: JSON.stringify(short) });
    const responses = await Promise.all(Array.from({ length: 4 }, ask));
    expect(responses.map(({ status }) => status).sort()).toEqual([200, 200, 503, 503]);
    const busy = responses.find(({ status }) => status === 503) as Response;
    expect(busy.headers.get("retry-after")).toBe("1");
    expect(await busy.json()).toMatchObject({ error: { type: "server_error", code: "overloaded" } });
    await served.dispose();
  });
});

describe("keys and limits", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ apiKey: "right", maxBody: 2000 });
  });
  afterAll(() => server.close(0));

  it.each([
    ["no key", {}, null],
    ["a wrong key", { Authorization: "Bearer wrong" }, "invalid_api_key"],
    ["the key without Bearer", { Authorization: "right" }, null],
  ])("refuses %s", async (_, headers: Record<string, string>, code) => {
    for (const path of ["/models", "/models/full", "/chat/completions", "/nowhere"]) {
      const response = await fetch(`${server.api}${path}`, { headers });
      expect(response.status).toBe(401);
      expect(await response.json()).toMatchObject({ error: { type: "invalid_request_error", code } });
    }
  });

  it("lets the key in, and asks for none to say that it lives", async () => {
    const headers = { Authorization: "Bearer right" };
    expect((await fetch(`${server.api}/models`, { headers })).status).toBe(200);
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  });

  it("refuses large requests, of known length and of unknown", async () => {
    const headers = { Authorization: "Bearer right", "Content-Type": "application/json" };
    const large = JSON.stringify({ ...short, user: "x".repeat(3000) });
    const chunked = new Blob([large]).stream();
    for (const body of [large, chunked]) {
      const response = await post(server.api, "", { headers, body, duplex: "half" } as RequestInit);
      expect(response.status).toBe(413);
      expect(await response.json()).toMatchObject({ error: { code: "request_too_large" } });
    }
    const small = JSON.stringify(short);
    expect((await post(server.api, small, { headers })).status).toBe(200);
  });
});

describe("pictures behind addresses", () => {
  let files: Server;
  let address: string;
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ images: { allowUrls: true, maxBytes: 20_000 } });
    const [{ image }] = await scenes(server, 1);
    const uri = await pngUri(image);
    const png = Buffer.from(uri.slice(uri.indexOf(",") + 1), "base64");
    files = createServer(({ url }, response) => {
      if (url === "/picture.png") response.end(png);
      else if (url === "/large.png") response.end(Buffer.alloc(30_000));
      else if (url === "/elsewhere.png") response.writeHead(302, { Location: "/picture.png" }).end();
      else response.writeHead(404).end();
    }).listen(0, "127.0.0.1");
    await once(files, "listening");
    address = `http://127.0.0.1:${(files.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    files.close();
    await server.close(0);
  });

  it("are fetched where the server was told to", async () => {
    const response = await post(server.api, {
      ...short,
      messages: asked("is there a cat ?", `${address}/picture.png`),
    });
    expect(response.status).toBe(200);
  });

  it.each([
    ["missing", "missing.png", "status 404"],
    ["too large", "large.png", "more than 20000 bytes"],
    ["elsewhere", "elsewhere.png", "redirect"],
  ])("%s: a 400", async (_, name, why) => {
    const response = await post(server.api, { ...short, messages: asked("x", `${address}/${name}`) });
    expect(response.status).toBe(400);
    const { error } = (await response.json()) as { error: Record<string, string> };
    expect(error).toMatchObject({
      code: "image_fetch_failed",
      param: "messages[0].content[0].image_url.url",
    });
    expect(error.message).toContain(why);
  });
});

describe("closing", () => {
  it("lets answers end, and takes no more", async () => {
    const server = await startTestServer();
    const response = await post(server.api, { ...endless, max_tokens: 60, stream: true });
    const closed = server.close();
    const data = await events(response);
    expect(data.at(-1)).toBe("[DONE]");
    expect(data.length).toBe(63);
    await closed;
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow();
  });

  it("breaks answers off when their time is up, and says so", async () => {
    const server = await startTestServer();
    const response = await post(server.api, { ...endless, stream: true });
    const waiting = post(server.api, endless);
    await busy(server, 2);
    await server.close(0);
    const data = await events(response);
    expect(JSON.parse(data.at(-1) as string)).toMatchObject({ error: { code: "shutting_down" } });
    expect((await waiting).status).toBe(503);
    expect(server.failures).toEqual([]);
  });

  it("names the port that is taken, and the host that is not here", async () => {
    const server = await startTestServer();
    const port = Number(new URL(server.url).port);
    const start = (options: { port: number; host: string }) => startServer(server.served, options);
    await expect(start({ port, host: "127.0.0.1" })).rejects.toThrow(
      `serve-api: --port must be free, got ${port}; name another one`,
    );
    await expect(start({ port: 0, host: "192.0.2.1" })).rejects.toThrow(
      'serve-api: --host must be an address of this machine, got "192.0.2.1"',
    );
    await server.close(0);
  });
});
