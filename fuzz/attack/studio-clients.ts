/**
 * Clients of Studio's server, good and bad, drawn by a seed: jobs that must give what the model gives, files, and everything
 * that goes wrong between a page and a server. Says what each request came to.
 *
 *     attackStudio({ url, model }, { requests: 1000, clients: 4, seed: 0 }) -> { counts, wrong }
 */

import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { type Random, random } from "../../src/common/random.ts";
import type { Given } from "../../src/studio/jobs/job.ts";
import type { StudioModel } from "../../src/studio/models/model.ts";
import { encode } from "../../src/studio/models/wire.ts";

export interface Attacked {
  /** Of the server, with `/` at its end. */
  readonly url: string;
  /** Its first model, whose jobs are done right whatever else is asked. */
  readonly model: StudioModel;
}

export interface AttackOptions {
  readonly requests: number;
  readonly clients: number;
  readonly seed: number;
}

export interface Attack {
  /** Requests by their kind. */
  readonly counts: Readonly<Record<string, number>>;
  /** What should not have been: an answer of another status, a wrong result. */
  readonly wrong: readonly string[];
}

interface Scene extends Attacked {
  readonly draw: Random;
  /** What the model says of {@link asked}. */
  readonly expected: unknown;
}

/** undefined: as it should be; else what was not. */
type Kind = (scene: Scene) => Promise<string | undefined>;

const side = 64;
const asked: Given<"ask"> = {
  picture: { width: side, height: side, data: new Uint8Array(side * side * 3).fill(90) },
  question: "where is the cat ?",
};
const lens: Given<"lens"> = { picture: asked.picture, words: ["cat"] };
const wire = { "Content-Type": "application/x-fovea" };
const jobPath = "api/models/0/jobs/ask";

const kinds: Readonly<Record<string, Kind>> = {
  async job({ model, expected }) {
    const got = await model.run("ask", asked);
    return isDeepStrictEqual(got, expected) ? undefined : `another answer: ${JSON.stringify(got)}`;
  },
  async lens({ model }) {
    const { layers } = await model.run("lens", lens);
    return layers.length > 1 ? undefined : "no layers";
  },
  file: ({ url, draw }) =>
    statusOf(url, draw.pick(["", "main.js", "worker.js", "models/ntp/config.json"]), 200),
  async left({ model, draw }) {
    const signal = AbortSignal.timeout(1 + between(draw, 0, 60));
    return model.run("lens", lens, { signal }).then(
      () => undefined, // It was quicker.
      (error) => (signal.aborted ? undefined : `failed with ${error}`),
    );
  },
  garbage: ({ url, draw }) => postJob(url, bytesOf(draw, between(draw, 0, 10_000))),
  damaged({ url, draw }) {
    const body = encode(asked);
    for (let i = 0; i < 8; i++)
      body[between(draw, 0, Math.min(200, body.length - 1))] = between(draw, 0, 255);
    return postJob(url, body);
  },
  strange: ({ url, draw }) =>
    postJob(url, encode(draw.pick([7, [], {}, { picture: 1, question: 2 }, { ...asked, question: [1] }]))),
  nothing: ({ url, draw }) =>
    statusOf(
      url,
      draw.pick(["api/models/7/", "api/nothing", "models/ntp/..%2fx", "%2e%2e%2fetc/passwd"]),
      404,
    ),
  method: ({ url }) => statusOf(url, "main.js", 405, { method: "DELETE" }),
  packed: ({ url }) =>
    statusOf(url, jobPath, 415, {
      method: "POST",
      body: "x",
      headers: { ...wire, "Content-Encoding": "gzip" },
    }),
  typed: ({ url }) => statusOf(url, jobPath, 415, { method: "POST", body: "x" }),
  stranger: ({ url }) => statusOf(url, "studio.json", 403, { headers: { Origin: "https://evil.example" } }),
  oversize: ({ url }) =>
    socket(
      url,
      `POST /${jobPath} HTTP/1.1\r\n${host}Content-Type: ${wire["Content-Type"]}\r\nContent-Length: 999999999\r\n\r\nx`,
      413,
    ),
  renamed: ({ url }) => socket(url, "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403),
  noise: ({ url, draw }) => socket(url, `${Buffer.from(bytesOf(draw, 300)).toString("latin1")}\r\n\r\n`, 400),
  halfOpen: ({ url, draw }) =>
    leaving(
      url,
      draw.pick(["GET / HT", `POST /${jobPath} HTTP/1.1\r\n${host}Content-Length: 900\r\n\r\nabc`]),
      draw,
    ),
  async slow({ url, draw }) {
    const answer = await fetch(new URL("ort/ort-wasm-simd-threaded.wasm", url));
    const reader = answer.body?.getReader();
    for (let i = 0; i < 3; i++) {
      await reader?.read();
      await sleep(between(draw, 10, 80));
    }
    await reader?.cancel();
    return answer.status === 200 ? undefined : `status ${answer.status}`;
  },
};

/** A whole number, both ends among them. */
function between(draw: Random, least: number, most: number): number {
  return least + draw.integer(most - least + 1);
}

const host = "Host: 127.0.0.1\r\n";

/** How often each is drawn. */
const shares: Readonly<Record<string, number>> = { job: 4, lens: 3, file: 4, left: 3 };

export async function attackStudio(
  of: Attacked,
  { requests, clients, seed }: AttackOptions,
): Promise<Attack> {
  const counts: Record<string, number> = {};
  const wrong: string[] = [];
  const expected = await of.model.run("ask", asked);
  const names = Object.keys(kinds).flatMap((name) => Array<string>(shares[name] ?? 1).fill(name));
  let left = requests;
  const client = async (_: unknown, i: number) => {
    const draw = random("studio", seed, i);
    while (left-- > 0) {
      const name = draw.pick(names);
      counts[name] = (counts[name] ?? 0) + 1;
      const what = await kinds[name]({ ...of, draw, expected }).catch((error) => `${error}`);
      if (what !== undefined) wrong.push(`${name}: ${what}`);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return { counts, wrong };
}

async function statusOf(
  url: string,
  path: string,
  status: number,
  init?: RequestInit,
): Promise<string | undefined> {
  const answer = await fetch(new URL(path, url), init);
  await answer.arrayBuffer();
  return answer.status === status ? undefined : `${path}: status ${answer.status}, not ${status}`;
}

/** A job that cannot be done is answered, with a failure in the stream. */
async function postJob(url: string, body: Uint8Array<ArrayBuffer>): Promise<string | undefined> {
  const answer = await fetch(new URL(jobPath, url), { method: "POST", body, headers: wire });
  const bytes = await answer.arrayBuffer();
  return answer.status === 200 && bytes.byteLength > 0 ? undefined : `status ${answer.status}`;
}

function bytesOf(draw: Random, length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, () => between(draw, 0, 255));
}

/** What is answered to bytes that no client sends. */
function socket(url: string, text: string, status: number): Promise<string | undefined> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const open = connect(Number(port), hostname, () => open.write(Buffer.from(text, "latin1")));
    let said = "";
    open.on("data", (piece) => {
      said += piece;
      if (said.includes("\r\n")) open.destroy();
    });
    open.on("error", () => {}); // It may close before all is sent.
    open.on("close", () => {
      const got = said.split(" ")[1] ?? "nothing";
      resolve(got === `${status}` ? undefined : `status ${got}, not ${status}`);
    });
  });
}

/** Sends part of a request, and goes after a while. */
async function leaving(url: string, text: string, draw: Random): Promise<undefined> {
  const { hostname, port } = new URL(url);
  const open = connect(Number(port), hostname, () => open.write(text));
  open.on("error", () => {});
  await sleep(between(draw, 5, 120));
  open.destroy();
}
