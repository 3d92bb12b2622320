import { createHash } from "node:crypto";
import type { ServerResponse } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { openProvider, type ProviderOptions } from "../../src/harness/providers/open.ts";
import { type Ask, ProviderError } from "../../src/harness/providers/provider.ts";
import { encodePng } from "../../src/hub/image/image-file.ts";
import { type ModelServer, type Sent, startModelServer } from "./model-server.ts";

const image = {
  bytes: await encodePng({ width: 3, height: 2, data: Uint8Array.from({ length: 18 }, (_, i) => i * 14) }),
  mediaType: "image/png",
  width: 3,
  height: 2,
} as const;
const ask: Ask = { image, prompt: "Which end does line 3 reach?", maxOutputTokens: 77 };
const never = new AbortController().signal;
const key = "sk-very-secret-1234567890";

const keys = {
  openai: { OPENAI_API_KEY: key },
  anthropic: { ANTHROPIC_API_KEY: key },
  google: { GOOGLE_GENERATIVE_AI_API_KEY: key },
  "openai-compatible": { MY_KEY: key },
} as const;
type Service = keyof typeof keys;
const services = Object.keys(keys) as Service[];

let server: ModelServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function open(service: Service, sent: Sent, timeout = 5000) {
  server = await startModelServer(() => sent);
  return openProvider(`${service}:m-1`, {
    baseUrl: `${server.url}/v1`,
    environment: keys[service],
    temperature: 0,
    timeout,
    ...(service === "openai-compatible" && { keyEnv: "MY_KEY" }),
  });
}

async function failure(service: Service, sent: Sent, timeout?: number): Promise<ProviderError> {
  const provider = await open(service, sent, timeout);
  const error = await provider.ask(ask, never).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(ProviderError);
  expect((error as Error).message).not.toContain(key);
  expect((error as Error).message).not.toContain("\n");
  return error as ProviderError;
}

describe.each(services)("%s", (service) => {
  it("sends the question, the picture's own bytes and the settings, and reads the answer", async () => {
    const provider = await open(service, "C");
    expect(await provider.ask(ask, never)).toEqual({ text: "C", inputTokens: 300, outputTokens: 5 });
    const [{ body, headers, ...received }] = (server as ModelServer).received;
    expect(received.service).toBe(service);
    expect(received.prompt).toBe(ask.prompt);
    expect(Buffer.compare(received.picture, image.bytes)).toBe(0);
    expect(JSON.stringify(headers)).toContain(key);
    const text = JSON.stringify(body);
    expect(text).toMatch(/"temperature":0[,}]/);
    expect(text).toMatch(/"(?:max_tokens|max_output_tokens|maxOutputTokens)":77[,}]/);
    expect(service === "google" ? received.path : text).toContain("m-1");
  });

  it("describes the same request without key and picture", async () => {
    const provider = await open(service, "C");
    await provider.ask(ask, never);
    const { to, body } = await provider.describe(ask);
    const [received] = (server as ModelServer).received;
    expect(to).toBe(`${(server as ModelServer).url}${received.path}`);
    const hash = createHash("sha256").update(image.bytes).digest("hex");
    const short = `<${image.bytes.length} bytes, 3 x 2 pixels, SHA-256 ${hash}>`;
    const base64 = Buffer.from(image.bytes).toString("base64");
    expect(JSON.stringify(body)).toBe(JSON.stringify(received.body).replace(base64, short));
    expect((server as ModelServer).received).toHaveLength(1);
  });

  it("tells failures that may pass from those that will not", async () => {
    const message = (status: number, text = "no") => ({
      status,
      body: { error: { message: text, type: "t" } },
    });
    for (const [sent, kind] of [
      [message(400), "refused"],
      [message(401, `bad key ${key}`), "fatal"],
      [message(403), "fatal"],
      [message(404), "fatal"],
      [message(408), "transient"],
      [message(413), "refused"],
      [message(429), "transient"],
      [message(500), "transient"],
      [message(503), "transient"],
      [{ status: 200, body: "half a JS" }, "transient"],
      [{ status: 200, body: { something: "else" } }, "transient"],
      [{ status: 502, body: "<html>Bad gateway</html>" }, "transient"],
    ] as const) {
      const { kind: found } = await failure(service, sent);
      await server?.close();
      expect([sent, found]).toEqual([sent, kind]);
    }
    server = undefined;
  });

  it("is asked again when the connection breaks off or nobody listens", async () => {
    const half = await failure(service, (response) => {
      response.writeHead(200, { "Content-Length": "1000" });
      response.write('{"half":', () => response.destroy());
    });
    expect(half.kind).toBe("transient");
    const provider = await open(service, "C");
    await (server as ModelServer).close();
    server = undefined;
    await expect(provider.ask(ask, never)).rejects.toMatchObject({ kind: "transient" });
  });

  it.each([301, 302, 303, 307, 308])("sends nothing to where a %d leads", async (status) => {
    const elsewhere = await startModelServer(() => "C");
    for (const host of ["127.0.0.1", "localhost", "sub.localhost"]) {
      const location = `${elsewhere.url.replace("127.0.0.1", host)}/v1?key=${key}`;
      const { kind, message } = await failure(service, { status, headers: { location } });
      const [{ url }] = [server as ModelServer];
      await server?.close();
      expect(kind).toBe("fatal");
      expect(message).toContain(
        `: ${url} redirects to ${new URL(location).origin}/v1, where nothing is sent; `,
      );
    }
    expect(elsewhere.received).toEqual([]);
    await elsewhere.close();
    server = undefined;
  });

  it("reads no more of an answer or of an error than it may have", async () => {
    const sent = (status: number) => (response: ServerResponse) => {
      const chunk = Buffer.alloc(1 << 20, " ");
      let written = 0;
      response.writeHead(status, { "Content-Type": "application/json", "Retry-After": "7" });
      const more = () => {
        while (!response.destroyed && response.write(chunk)) written += chunk.length;
      };
      response.on("drain", more).on("close", () => closed.push(written));
      more();
    };
    const closed: number[] = [];
    const answer = await failure(service, sent(200));
    expect([answer.kind, answer.message]).toEqual([
      "transient",
      expect.stringContaining("the answer must be at most 16000000 bytes, got more"),
    ]);
    await server?.close();
    const busy = await failure(service, sent(429));
    expect([busy.kind, busy.status, busy.retryAfter]).toEqual(["transient", 429, 7000]);
    expect(closed.every((bytes) => bytes < 60_000_000)).toBe(true);
  });

  it("says what a failed request may cost", async () => {
    const billing = async (sent: Sent, patience?: number) => {
      const found = await failure(service, sent, patience);
      await server?.close();
      return found.billing;
    };
    expect(await billing({ status: 429 })).toBe("question");
    expect(await billing({ status: 400 })).toBe("question");
    expect(await billing({ status: 500 })).toBe("all");
    expect(await billing({ status: 200, body: "half a JS" })).toBe("all");
    expect(await billing((response) => response.destroy())).toBe("all");
    expect(await billing(() => {}, 100)).toBe("all");
    const provider = await open(service, "C");
    await (server as ModelServer).close();
    server = undefined;
    await expect(provider.ask(ask, never)).rejects.toMatchObject({ billing: "nothing" });
  });

  it("hears how long a server wants to be left alone", async () => {
    const { retryAfter } = await failure(service, { status: 429, headers: { "Retry-After": "7" } });
    expect(retryAfter).toBe(7000);
  });

  it("does not wait for ever, and stops at once when it is told to", async () => {
    const { kind, message } = await failure(service, () => {}, 50);
    expect([kind, message]).toEqual(["transient", expect.stringContaining("no answer within 50 ms")]);
    const provider = await open(service, () => {});
    const stop = new AbortController();
    const asked = provider.ask(ask, stop.signal);
    stop.abort(new Error("told to"));
    await expect(asked).rejects.toThrow("told to");
  });
});

it("takes a spent account and a bad Google key for what they are", async () => {
  const quota = { error: { message: "You exceeded your quota", code: "insufficient_quota", type: "t" } };
  expect((await failure("openai", { status: 429, body: quota })).kind).toBe("fatal");
  await server?.close();
  const invalid = {
    error: { code: 400, message: "bad", status: "INVALID", details: [{ reason: "API_KEY_INVALID" }] },
  };
  expect((await failure("google", { status: 400, body: invalid })).kind).toBe("fatal");
  await server?.close();
  const later = { id: "r", error: { code: "server_error", message: "try again", type: "t" } };
  expect((await failure("openai", { status: 200, body: later })).kind).toBe("transient");
});

it("shows the key in no spelling, whatever the server makes of it", async () => {
  const odd = 'sk/+"key&of=the#test';
  const spellings = [
    odd,
    encodeURIComponent(odd),
    JSON.stringify(odd),
    odd.toUpperCase(),
    Buffer.from(odd).toString("base64"),
    Buffer.from(odd).toString("base64url"),
  ];
  server = await startModelServer(({ prompt }) =>
    prompt === ask.prompt
      ? { status: 400, body: { error: { message: spellings.join(" and ") } } }
      : spellings.join(" and "),
  );
  const provider = await openProvider(`${server.url}/v1#m`, { keyEnv: "K", environment: { K: odd } });
  const { message } = (await provider.ask(ask, never).catch((error) => error)) as Error;
  const { text } = await provider.ask({ ...ask, prompt: "say it" }, never);
  expect(message).toContain("400 *** and *** and ");
  for (const spelled of spellings) expect(message + text).not.toContain(spelled.replaceAll('"', ""));
});

it("shows of a server's words nothing that moves a terminal's cursor", async () => {
  const body = { error: { message: "no\u001b[2J\u202e\u0007 way\r\n at all" } };
  expect((await failure("openai-compatible", { status: 400, body })).message).toMatch(
    /: 400 no\[2J way at all$/,
  );
});

describe("a key goes", () => {
  const environment = { K: key, OPENAI_API_KEY: key };
  const to = (spec: string, more: ProviderOptions = {}) =>
    openProvider(spec, { environment, keyEnv: "K", family: "generic", ...more }).then(
      () => "opened",
      ({ name, message }: Error) => `${name}: ${message}`,
    );
  it("to this machine and over https", async () => {
    for (const spec of [
      "http://127.0.0.1:9#m",
      "http://localhost:9/v1#m",
      "http://[::1]:9#m",
      "https://a.test#m",
    ])
      expect(await to(spec)).toBe("opened");
  });

  it("to another machine in the clear only when that is said", async () => {
    const refused =
      "UserError: eval: http://gpu.test:8000/v1#m: http://gpu.test:8000 is not encrypted and not this machine, so no key is sent " +
      "there; use https, or let it go in the clear with --key-over-http";
    expect(await to("http://gpu.test:8000/v1#m")).toBe(refused);
    expect(await to("http://gpu.test:8000/v1#m", { keyOverHttp: true })).toBe("opened");
    expect(await to("http://gpu.test:8000/v1#m", { withoutKey: true })).toBe("opened");
    const byEnvironment = { environment: { ...environment, OPENAI_BASE_URL: "http://10.0.0.1" } };
    expect(await to("openai:m", byEnvironment)).toContain("http://10.0.0.1 is not encrypted");
  });

  it("into no address, which run folders hold", async () => {
    const message = "UserError: eval: --model and --base-url must be without the key, got one that holds it";
    for (const spec of [`https://a.test/${key}/v1#m`, `https://a.test#${key}`, `openai:${key}`])
      expect(await to(spec)).toBe(message);
  });

  it("nowhere when it cannot stand in a header, and is not shown", async () => {
    for (const broken of ["sk-one\nsk-two", "sk-\u2019", "two words"]) {
      const message = await to("https://a.test#m", { environment: { K: broken } });
      expect(message).toBe(
        "UserError: eval: K must hold a key of ASCII characters without spaces, got others",
      );
    }
  });
});

it("says which key is missing", async () => {
  const environment = {};
  await expect(openProvider("openai:m", { environment })).rejects.toThrow("OPENAI_API_KEY");
  await expect(openProvider("anthropic:m", { environment })).rejects.toThrow("ANTHROPIC_API_KEY");
  await expect(openProvider("google:m", { environment })).rejects.toThrow("GOOGLE_GENERATIVE_AI_API_KEY");
  await expect(openProvider("http://127.0.0.1:9#m", { environment, keyEnv: "MINE" })).rejects.toThrow("MINE");
});

it("takes the address from the environment, and from the option before it", async () => {
  const environment = {
    ...keys.google,
    GOOGLE_GENERATIVE_AI_BASE_URL: "http://127.0.0.1:1/a/",
  };
  expect((await openProvider("google:m", { environment })).identity).toBe("http://127.0.0.1:1/a");
  const given = await openProvider("google:m", { environment, baseUrl: "http://127.0.0.1:2/b" });
  expect(given.identity).toBe("http://127.0.0.1:2/b");
});

it.each([
  ["", "--model must be given"],
  ["openai:", "--model must be openai:MODEL"],
  ["openai-compatible:m", "--base-url must be given"],
  ["http://127.0.0.1:9", "--model must be URL#MODEL"],
  ["https://me:secret@example.org#m", "without user, password or query"],
  ["https://example.org?key=secret#m", "without user, password or query"],
  ["https:me:secret@example.org#m", "without user, password or query"],
  ["https://me:se#cret@example.org", "an http or https address"],
  ["https://me:secret", "URL#MODEL"],
  ["https://me:secret#m", "an http or https address"],
  ["ftp://me:secret@example.org#m", "a folder or an http or https address"],
  ["no/such/folder", "no/such/folder"],
])("%j is no model: %s", async (spec, message) => {
  const error = await openProvider(spec, { environment: {} }).catch((error: Error) => error);
  expect(error).toMatchObject({ name: "UserError", message: expect.stringContaining(message) });
  expect((error as Error).message).not.toMatch(/secret|cret@/);
});

it.each(["user:secret@host", "http://host/?key=secret", "http:/u:secret@host", "ws://u:secret@host"])(
  "the base URL %j is refused and not shown",
  async (baseUrl) => {
    const given = await openProvider("openai:m", { baseUrl, environment: {} }).catch((error: Error) => error);
    const environment = { OPENAI_BASE_URL: baseUrl };
    const set = await openProvider("openai:m", { environment }).catch((error: Error) => error);
    for (const { name, message } of [given, set] as Error[]) {
      expect(name).toBe("UserError");
      expect(message).not.toContain("secret");
    }
  },
);

it("declares a family for every model", async () => {
  const family = async (spec: string) =>
    (await openProvider(spec, { withoutKey: true, environment: {} })).family.name;
  expect(await family("openai:gpt-4o")).toBe("openai");
  expect(await family("anthropic:claude-sonnet-4-5")).toBe("anthropic");
  expect(await family("google:gemini-2.5-flash")).toBe("google");
  expect(await family("http://127.0.0.1:9/v1#Qwen/Qwen2.5-VL-7B-Instruct")).toBe("qwen2_5_vl");
  expect(await family("http://127.0.0.1:9/v1#qwen3-vl:8b")).toBe("qwen3_vl");
  expect(await family("http://127.0.0.1:9/v1#llava")).toBe("generic");
});
