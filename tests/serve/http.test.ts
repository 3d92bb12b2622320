/** HTTP as it comes over the wire, and the figures that are kept of it. */
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { asked, post, startTestServer, type TestServer } from "./support.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close(0));

const short = JSON.stringify({ model: "full", messages: asked("is there a cat ?"), max_tokens: 1 });

/** Writes bytes to the server and reads until it closes the connection. */
async function wire(text: string): Promise<string> {
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  socket.write(text);
  return Buffer.concat(await socket.toArray()).toString();
}

const head = (line: string, ...headers: string[]) =>
  `${[line, "Host: localhost", ...headers].join("\r\n")}\r\n\r\n`;
const ask = (...headers: string[]) =>
  head("POST /v1/chat/completions HTTP/1.1", "Content-Type: application/json", ...headers);

describe("requests of two meanings", () => {
  it.each([
    ["a length and chunks", ask("Content-Length: 5", "Transfer-Encoding: chunked")],
    ["two lengths", ask("Content-Length: 5", "Content-Length: 6")],
    ["a negative length", ask("Content-Length: -5")],
    ["a length in words", ask("Content-Length: 5x")],
    ["an unknown coding", ask("Transfer-Encoding: gzip, identity")],
    ["a chunk without a size", `${ask("Transfer-Encoding: chunked")}x\r\n`],
    ["a header over two lines", ask("X-Long: a\r\n b")],
    ["a header with a space", ask("Content-Length : 5")],
  ])("%s: a 400, and the connection ends", async (_, text) => {
    expect(await wire(text)).toMatch(/^HTTP\/1.1 400 /);
  });

  it("too many headers are refused", async () => {
    expect(await wire(head("GET /health HTTP/1.1", `X-Long: ${"a".repeat(20_000)}`))).toMatch(
      /^HTTP\/1.1 431 /,
    );
  });
});

it("answers what comes at once on one connection in its order", async () => {
  const post = ask(`Content-Length: ${short.length}`) + short;
  const texts = [
    post,
    head("GET /health HTTP/1.1"),
    post,
    head("GET /v1/models HTTP/1.1", "Connection: close"),
  ];
  const reply = await wire(texts.join(""));
  expect(reply.match(/chat\.completion|"status":"ok"|"object":"list"/g)).toEqual([
    "chat.completion",
    '"status":"ok"',
    "chat.completion",
    '"object":"list"',
  ]);
});

it("lets a client ask before it sends", async () => {
  const reply = await wire(
    ask(`Content-Length: ${short.length}`, "Expect: 100-continue", "Connection: close") + short,
  );
  expect(reply).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK/);
});

it("knows HEAD, and refuses other methods by name", async () => {
  for (const path of ["/health", "/metrics", "/v1/models", "/v1/models/full"]) {
    const response = await fetch(`${server.url}${path}`, { method: "HEAD" });
    expect([response.status, await response.text()]).toEqual([200, ""]);
    for (const method of ["POST", "DELETE", "OPTIONS", "PROPFIND"]) {
      const refused = await fetch(`${server.url}${path}`, { method });
      expect([method, refused.status, refused.headers.get("allow")]).toEqual([method, 405, "GET"]);
    }
  }
});

it("goes on when a body ends early, and when nothing follows a length", async () => {
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  const gone = server.line("POST /v1/chat/completions");
  socket.write(ask("Content-Length: 1000") + short);
  socket.end();
  await socket.toArray().catch(() => {});
  expect(await gone).toMatch(/ (400|499)$/);
  expect((await post(server.api, short)).status).toBe(200);
  expect(server.failures).toEqual([]);
});

it("has figures of what was asked and answered", async () => {
  const own = await startTestServer({ apiKey: "right" });
  const headers = { "Content-Type": "application/json", Authorization: "Bearer right" };
  expect((await fetch(`${own.url}/metrics`)).status).toBe(401);
  await post(own.api, short, { headers });
  await post(own.api, "{}", { headers });
  const response = await fetch(`${own.url}/metrics`, { headers });
  expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  const text = await response.text();
  for (const line of text.trimEnd().split("\n"))
    expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+(\{\w+="[^"]*"\})? -?[\d.e+-]+)$/);
  const figures = Object.fromEntries(
    text.split("\n").flatMap((line) => (/^\w/.test(line) ? [line.split(" ") as [string, string]] : [])),
  );
  expect(figures).toMatchObject({
    'fovea_requests_total{status="200"}': "1",
    'fovea_requests_total{status="400"}': "1",
    'fovea_requests_total{status="401"}': "1",
    fovea_prompt_tokens_total: "10",
    fovea_answer_tokens_total: "1",
    fovea_requests_running: "0",
    fovea_requests_waiting: "0",
    fovea_requests_waiting_limit: "100",
    fovea_held_bytes: "0",
    'fovea_thread_deaths_total{thread="model"}': "0",
  });
  expect(figures['fovea_cache_entries{cache="programs"}']).toMatch(/^[1-9]/);
  expect(Number(figures.process_resident_memory_bytes)).toBeGreaterThan(2 ** 20);
  await own.close(0);
});
