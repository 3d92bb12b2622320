import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { BodyTooLarge, limited, readLimited, shortened } from "../../src/common/limited.ts";

let server: Server | undefined;
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((done) => (server === undefined ? done(undefined) : server.close(done)));
  server = undefined;
});

async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener);
  await new Promise<void>((done) => (server as Server).listen(0, "127.0.0.1", done));
  return `http://127.0.0.1:${((server as Server).address() as AddressInfo).port}`;
}

/** Writes without an end until the client goes; keeps how much it has written. */
function endless(written: { bytes: number }): RequestListener {
  return (_, response) => {
    const chunk = Buffer.alloc(1 << 16, "x");
    const more = () => {
      while (!response.destroyed && response.write(chunk)) written.bytes += chunk.length;
    };
    response.on("drain", more);
    more();
  };
}

describe("readLimited", () => {
  it("reads a body up to its limit, to the byte", async () => {
    const url = await serve((_, response) => response.end("12345"));
    expect(Buffer.from(await readLimited(await fetch(url), 5, "it")).toString()).toBe("12345");
    await expect(readLimited(await fetch(url), 4, "the answer")).rejects.toThrow(
      new BodyTooLarge("the answer must be at most 4 bytes, got more"),
    );
    expect(await readLimited(new Response(null), 0, "it")).toHaveLength(0);
  });

  it("stops a body that never ends, and closes its connection", async () => {
    const written = { bytes: 0 };
    const url = await serve(endless(written));
    await expect(readLimited(await fetch(url), 1_000_000, "it")).rejects.toThrow(BodyTooLarge);
    expect(written.bytes).toBeLessThan(50_000_000);
  });

  it("counts what a compressed body becomes", async () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000));
    const url = await serve((_, response) =>
      response.writeHead(200, { "content-encoding": "gzip", "content-length": bomb.length }).end(bomb),
    );
    await expect(readLimited(await fetch(url), 1_000_000, "it")).rejects.toThrow(BodyTooLarge);
  });

  it("ends with the time of its request, however slowly bytes come", async () => {
    const url = await serve((_, response) => {
      const drip = setInterval(() => response.write("x"), 5);
      response.on("close", () => clearInterval(drip));
    });
    const read = async () =>
      readLimited(await fetch(url, { signal: AbortSignal.timeout(60) }), 1_000_000, "it");
    await expect(read()).rejects.toThrow("timeout");
  });
});

it("limited keeps status and headers, and fails only beyond the limit", async () => {
  const url = await serve((_, response) => response.writeHead(418, { "x-a": "b" }).end("tea"));
  const whole = limited(await fetch(url), 3, "it");
  expect([whole.status, whole.headers.get("x-a"), await whole.text()]).toEqual([418, "b", "tea"]);
  await expect(limited(await fetch(url), 2, "it").text()).rejects.toThrow(BodyTooLarge);
});

it("shortened cuts off instead", async () => {
  const written = { bytes: 0 };
  const url = await serve(endless(written));
  expect(await shortened(await fetch(url), 1000).text()).toBe("x".repeat(1000));
  expect(await shortened(new Response("short"), 1000).text()).toBe("short");
});
