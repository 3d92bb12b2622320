/**
 * Memory of a server over many requests that are all different: pictures of other sizes, questions of other lengths,
 * the picture at another place in the text. `node bench/soak/run.ts FOLDER [--requests 500]` prints resident memory
 * after every tenth part, and that of the end against that after the first fifth, when programs and caches are full.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { random } from "../../src/common/random.ts";

const { values, positionals } = parseArgs({
  options: { requests: { type: "string", default: "500" } },
  allowPositionals: true,
});
const [folder] = positionals;
if (folder === undefined) throw new Error("usage: node bench/soak/run.ts FOLDER [--requests N]");
const requests = Number(values.requests);

const main = new URL("../../src/cli/main.ts", import.meta.url).pathname;
const server = spawn(process.execPath, [main, "serve-api", "--model", folder, "--port", "0"], {
  stdio: ["ignore", "pipe", "ignore"],
});
try {
  const address = await addressOf(server);
  const { data } = (await (await fetch(`${address}/models`)).json()) as { data: { id: string }[] };
  const residents: number[] = [];
  for (let i = 0; i < requests; i++) {
    await ask(address, data[0].id, i);
    if ((i + 1) % Math.ceil(requests / 10) === 0) {
      residents.push(resident(server));
      console.log(`${i + 1} requests: ${residents.at(-1)} MB`);
    }
  }
  const [, settled] = residents;
  console.log(
    `after all requests ${((residents.at(-1) as number) / settled).toFixed(3)} of that after a fifth`,
  );
} finally {
  server.kill();
}

async function addressOf({ stdout }: ChildProcess): Promise<string> {
  const [line] = (await once(stdout as NonNullable<typeof stdout>, "data")) as [Buffer];
  return /http:\S+/.exec(line.toString())?.[0] as string;
}

/** Request `i`: no two are alike. */
async function ask(address: string, model: string, i: number): Promise<void> {
  const source = random("soak", i);
  const side = () => 32 + Math.floor(224 * source.uniform());
  const words = (count: number) =>
    Array.from({ length: Math.floor(count * source.uniform()) }, () => "a").join(" ");
  const create = {
    width: side(),
    height: side(),
    channels: 3,
    background: { r: i % 256, g: 90, b: 30 },
  } as const;
  const png = await sharp({ create }).png().toBuffer();
  const url = `data:image/png;base64,${png.toString("base64")}`;
  const content = [
    { type: "text", text: words(40) || "a" },
    { type: "image_url", image_url: { url } },
    { type: "text", text: `${words(60)} b` },
  ];
  const body = JSON.stringify({ model, max_tokens: 8, messages: [{ role: "user", content }] });
  const response = await fetch(`${address}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  if (!response.ok) throw new Error(`request ${i}: ${response.status} ${await response.text()}`);
  await response.arrayBuffer();
}

/** Resident memory of the server in MB. */
function resident({ pid }: ChildProcess): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024);
}
