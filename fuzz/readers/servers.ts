/** Answers of servers: each is a file with the raw bytes that are sent, head and body. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { openProvider } from "../../src/harness/providers/open.ts";
import { ProviderError } from "../../src/harness/providers/provider.ts";
import { pullModel } from "../../src/hub/net/pull.ts";
import { replies, type Service } from "../../tests/harness/model-server.ts";
import type { Reader } from "../reader.ts";
import { fixture, seedOf, text, textOf } from "./files.ts";

/** An answer whose body ends where the connection does, so that damage to it changes no length. */
function answer(body: string | Uint8Array, status = "200 OK"): Uint8Array {
  const type = typeof body === "string" ? "application/json" : "application/octet-stream";
  const head = `HTTP/1.1 ${status}\r\nContent-Type: ${type}\r\nConnection: close\r\n`;
  return Buffer.concat([text(`${head}\r\n`), Buffer.from(body)]);
}

/** Runs `use` beside a server that sends the file which `fileOf` names for a path; none: 404. */
async function served(
  folder: string,
  fileOf: (path: string) => string | undefined,
  use: (url: string) => Promise<unknown>,
): Promise<void> {
  const server = createServer(async (request, response) => {
    request.resume();
    const name = fileOf(request.url ?? "");
    const bytes = name === undefined ? "" : await textOf(join(folder, name), "latin1");
    response.socket?.end(
      bytes === "" ? text("HTTP/1.1 404 Not Found\r\n\r\n{}") : Buffer.from(bytes, "latin1"),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    await closed(server);
  }
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, "close");
}

const commit = "0123456789abcdef0123456789abcdef01234567";
const config = text('{"model_type": "llava"}\n');
const weights = fixture("hub/typed.safetensors");
const gitHash = (bytes: Uint8Array) =>
  createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

const size = weights.length;
const listing = [
  { type: "file", path: "config.json", size: config.length, oid: gitHash(config) },
  {
    type: "file",
    path: "model.safetensors",
    size,
    oid: "0".repeat(40),
    lfs: { oid: sha256(weights), size, pointerSize: 130 },
  },
];

const hubFiles = {
  "info.http": answer(JSON.stringify({ _id: "1", id: "a/b", sha: commit, lastModified: 0 })),
  "listing.http": answer(JSON.stringify(listing)),
  "config.http": answer(config),
  "weights.http": answer(weights),
};

function hubFile(path: string): string | undefined {
  if (path.startsWith("/api/")) return path.includes("/tree/") ? "listing.http" : "info.http";
  if (path.endsWith("/config.json")) return "config.http";
  return path.endsWith("/model.safetensors") ? "weights.http" : undefined;
}

const environment = { OPENAI_API_KEY: "k", ANTHROPIC_API_KEY: "k", GOOGLE_GENERATIVE_AI_API_KEY: "k" };
const bytes = fixture("pictures/rgb.png");
const image = { bytes, mediaType: "image/png", width: 20, height: 10 } as const;

function providerReader(service: Service): Reader {
  return {
    share: 0.3,
    seeds: async () => [seedOf({ "reply.http": answer(JSON.stringify(replies[service]("(3, 4)"))) })],
    read: ({ folder }) =>
      served(
        folder,
        () => "reply.http",
        async (url) => {
          const options = { baseUrl: `${url}/v1`, environment, timeout: 3000 };
          const provider = await openProvider(`${service}:m`, options);
          const never = new AbortController().signal;
          await provider.ask({ image, prompt: "where ?", maxOutputTokens: 9 }, never);
          await provider.close();
        },
      ),
    refusal: (error) =>
      error instanceof ProviderError || (error as Error).name === "UserError"
        ? (error as Error).message
        : undefined,
  };
}

const services = Object.keys(replies) as Service[];

export const serverReaders: Record<string, Reader> = {
  ...Object.fromEntries(services.map((service) => [`reply-${service}`, providerReader(service)])),
  pull: {
    share: 0.3,
    seeds: async () => [seedOf(hubFiles)],
    read: ({ folder, out }) =>
      served(folder, hubFile, async (endpoint) => {
        process.env.HF_HUB_CACHE = join(out, "hub");
        const hub = { endpoint, firstWait: 1, retries: 1, patience: 2, maxWait: 1 };
        await pullModel({ name: "a/b", revision: "main" }, { hub });
      }),
  },
};
