/** What a request may ask at most, and that others are answered whatever one asks. */
import { connect } from "node:net";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { asked, pngUri, post, startTestServer, type TestServer } from "./support.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close(0));

const at = "messages[0].content[0].image_url.url";
const user = (content: unknown) => ({ model: "full", messages: [{ role: "user", content }] });
const image = (url: string) => ({ type: "image_url", image_url: { url } });

async function refused(body: unknown): Promise<Record<string, unknown>> {
  const response = await post(server.api, body);
  const { error } = (await response.json()) as { error: Record<string, unknown> };
  return { status: response.status, ...error };
}

/** A picture of one colour: small as a file, large when decoded. */
async function plainPicture(side: number): Promise<string> {
  const create = { width: side, height: side, channels: 3, background: "#123456" } as const;
  const png = await sharp({ create }).png({ compressionLevel: 9 }).toBuffer();
  return `data:image/png;base64,${png.toString("base64")}`;
}

describe("a request", () => {
  it.each<[string, () => unknown, string | null, string]>([
    ["30 million characters", () => user("cat ".repeat(7_500_000)), "messages", "string_above_max_length"],
    ["one long word", () => user("c".repeat(20_000)), "messages", "string_above_max_length"],
    [
      "text in many parts",
      () => user(Array(3000).fill({ type: "text", text: "cat cat" })),
      "messages",
      "string_above_max_length",
    ],
    [
      "many parts",
      () => user(Array(5000).fill({ type: "text", text: "" })),
      "messages",
      "array_above_max_length",
    ],
    [
      "many messages",
      () => ({ model: "full", messages: Array(5000).fill({ role: "user", content: "x" }) }),
      "messages",
      "array_above_max_length",
    ],
    ["many pictures", () => user(Array(65).fill(image("data:,"))), "messages", "array_above_max_length"],
    ["a long stop text", () => ({ ...user("x"), stop: "a".repeat(1001) }), "stop", "invalid_value"],
    ["lists inside lists", () => `{"messages":${"[".repeat(9000)}${"]".repeat(9000)}}`, null, "invalid_json"],
    ["objects inside objects", () => '{"messages":'.repeat(2000), null, "invalid_json"],
    ["a million lists", () => `{"messages":[${"[],".repeat(1e6)}[]]}`, null, "request_too_complex"],
    ["a million numbers", () => ({ ...user("x"), user: Array(1e6).fill(1) }), null, "request_too_complex"],
    [
      "spaces for base64",
      () => user([image(`data:image/png;base64,${" ".repeat(300_000)}!`)]),
      at,
      "invalid_image",
    ],
    [
      "padding for base64",
      () => user([image(`data:image/png;base64,${"=".repeat(300_000)}`)]),
      at,
      "invalid_image",
    ],
    ["a URI without an end", () => user([image(`data:${";a".repeat(300_000)}`)]), at, "invalid_image"],
  ])("of %s is refused", async (_, body, param, code) => {
    const error = await refused(body());
    expect(error).toMatchObject({ status: 400, param, code });
    expect(String(error.message).length).toBeLessThanOrEqual(1000);
  });

  it("is quoted in errors by its beginning only", async () => {
    const long = "m".repeat(5_000_000);
    for (const body of [
      { ...user("x"), model: long },
      { ...user("x"), [long]: 1 },
      { ...user("x"), tools: [long] },
      { messages: [{ role: long }] },
      user([image(long)]),
    ])
      expect(String((await refused(body)).message).length).toBeLessThanOrEqual(1000);
  });

  it("may have text that only looks deep or large, and any characters", async () => {
    const texts = [
      "{\\".repeat(3000),
      "[".repeat(700),
      '"{'.repeat(300),
      "\ud800 \udc00 \0 \u202e",
      "e\u0301🦊".repeat(1000),
    ];
    for (const text of texts) {
      const response = await post(server.api, { ...user(text), max_tokens: 1 });
      expect([response.status, await response.json()]).toEqual([200, expect.anything()]);
    }
  });

  it("has a limit on the pixels of all its pictures, by their headers alone", async () => {
    const url = await plainPicture(7000);
    expect(await refused(user(Array(5).fill(image(url))))).toMatchObject({
      status: 400,
      code: "image_too_large",
      message: "messages: must have at most 200 million pixels in all pictures together",
    });
  });

  it("whose text does not fit is refused before its pictures are decoded", async () => {
    const damaged = (await plainPicture(2000)).slice(0, 200);
    const long = user([{ type: "text", text: "cat ".repeat(1100) }, image(damaged)]);
    expect(await refused(long)).toMatchObject({ code: "context_length_exceeded" });
    expect(await refused(user([image(damaged)]))).toMatchObject({ code: "invalid_image" });
  });
});

describe("while a request is under way", () => {
  const paths = ["/health", "/healthz", "/metrics", "/v1/models", "/v1/models/full"];

  it("everything else is answered first: pictures of 49 million pixels, and who waits behind them", async () => {
    const url = await plainPicture(7000);
    const done: string[] = [];
    const body = { model: "full", messages: asked("is there a cat ?", url), max_tokens: 1 };
    const slow = Array.from({ length: 3 }, () => post(server.api, body).then(() => done.push("picture")));
    while ((await (await fetch(`${server.url}/health`)).json()).busy < 3);
    for (const path of paths) {
      expect((await fetch(`${server.url}${path}`)).status).toBe(200);
      done.push(path);
    }
    expect(await refused(user(3))).toMatchObject({ status: 400 });
    done.push("mistake");
    await Promise.all(slow);
    expect(done).toEqual([...paths, "mistake", "picture", "picture", "picture"]);
  });

  it("who leaves is not worked for: neither in the line nor under way", async () => {
    const url = await plainPicture(7000);
    const body = { model: "full", messages: asked("is there a cat ?", url), max_tokens: 1 };
    const caller = new AbortController();
    const all = Array.from({ length: 20 }, () => post(server.api, body, { signal: caller.signal }));
    while ((await (await fetch(`${server.url}/health`)).json()).busy < 20);
    caller.abort();
    await Promise.allSettled(all);
    while (server.served.load.waiting > 0) await new Promise(setImmediate);
    const short = { model: "full", messages: asked("is there a cat ?"), max_tokens: 1 };
    expect((await post(server.api, short)).status).toBe(200);
    expect(server.served.load).toMatchObject({ running: 0, waiting: 0 });
    expect(server.failures).toEqual([]);
  });

  it("requests together hold a bounded number of bytes", async () => {
    const small = await startTestServer({ maxBody: 3000, maxHeld: 4000 });
    const { port } = new URL(small.url);
    const head = `POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 3000\r\n\r\n`;
    const half = connect(Number(port), "127.0.0.1");
    half.write(head + "x".repeat(2900));
    const held = async () => {
      const text = await (await fetch(`${small.url}/metrics`)).text();
      return Number(/^fovea_held_bytes (\d+)/m.exec(text)?.[1]);
    };
    while ((await held()) < 2900);
    const response = await post(small.api, { ...user("x".repeat(2000)), max_tokens: 1 });
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "1"]);
    half.destroy();
    while ((await held()) > 0);
    expect((await post(small.api, { ...user("x".repeat(2000)), max_tokens: 1 })).status).toBe(200);
    await small.close(0);
  });
});

it("a picture is read the same whatever stands around it", async () => {
  const url = await pngUri({ width: 9, height: 7, data: new Uint8Array(9 * 7 * 3).fill(90) });
  const [head, base64] = url.split(",");
  const wrapped = `${head},${base64.replace(/(.{20})/g, "$1\n")}  \n`;
  const unpadded = `${head},${base64.replace(/=+$/, "")}`;
  for (const one of [url, wrapped, unpadded]) {
    const response = await post(server.api, { ...user([image(one)]), max_tokens: 1 });
    expect(response.status).toBe(200);
  }
});
