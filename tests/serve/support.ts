import { fileURLToPath } from "node:url";
import type { RgbImage } from "../../src/common/image.ts";
import type { Example } from "../../src/data/example.ts";
import { scenesFor } from "../../src/eval/scenes.ts";
import { encodePng } from "../../src/hub/image/image-file.ts";
import { openServed, type ServedModel } from "../../src/serve/served.ts";
import { type RunningServer, type ServerOptions, startServer } from "../../src/serve/server.ts";
import { openVlm, type Vlm } from "../../src/vlm/open.ts";

/** The shipped small model. */
export const modelFolder = fileURLToPath(new URL("../../checkpoints/full", import.meta.url));

export interface TestServer extends RunningServer {
  readonly served: ServedModel;
  /** The same model, open in this thread, to compare with. */
  readonly vlm: Vlm;
  /** `http://127.0.0.1:PORT/v1` */
  readonly api: string;
  /** One line for each request that is done. */
  readonly lines: string[];
  /** Resolves when a line comes that holds the text. */
  line(text: string): Promise<string>;
  readonly failures: unknown[];
}

/** A server in this process on a free port. */
export async function startTestServer(options: Partial<ServerOptions> = {}): Promise<TestServer> {
  const served = await openServed(modelFolder);
  const lines: string[] = [];
  const failures: unknown[] = [];
  const waiting: { text: string; resolve: (line: string) => void }[] = [];
  const server = await startServer(served, {
    port: 0,
    host: "127.0.0.1",
    onRequest(line) {
      lines.push(line);
      for (const { text, resolve } of waiting) if (line.includes(text)) resolve(line);
    },
    onFailure: (error) => failures.push(error),
    ...options,
  });
  const line = (text: string) => new Promise<string>((resolve) => waiting.push({ text, resolve }));
  return {
    ...server,
    served,
    vlm: await openVlm(modelFolder),
    api: `${server.url}/v1`,
    lines,
    line,
    failures,
  };
}

/** Held-out scenes that the model knows answers to. */
export function scenes({ vlm }: Pick<TestServer, "vlm">, count: number): Promise<Example[]> {
  return scenesFor(vlm, { count, seed: 3 });
}

export async function pngUri(image: RgbImage): Promise<string> {
  return `data:image/png;base64,${Buffer.from(await encodePng(image)).toString("base64")}`;
}

/** A conversation of one question, about a picture or about none. */
export function asked(question: string, imageUrl?: string): object[] {
  if (imageUrl === undefined) return [{ role: "user", content: question }];
  const image = { type: "image_url", image_url: { url: imageUrl } };
  return [{ role: "user", content: [image, { type: "text", text: question }] }];
}

/** Sends a JSON body to the chat completions. */
export function post(api: string, body: unknown, init: RequestInit = {}): Promise<Response> {
  return fetch(`${api}/chat/completions`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
    ...init,
  });
}

/** The data of every server-sent event of a stream; throws where the stream breaks off. */
export async function events(response: Response): Promise<string[]> {
  const text = await response.text();
  return text
    .split("\n\n")
    .filter((event) => event !== "")
    .map((event) => event.replace(/^data: /, ""));
}
