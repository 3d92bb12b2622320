import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { withoutProgress } from "../cli/without-progress.ts";
import { asked, events, modelFolder, post } from "./support.ts";

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

it("serves until it is told to end, and ends after its answers", async () => {
  const args = [main, "serve-api", "--model", modelFolder, "--port", "0", "--name", "tiny"];
  const env = { ...process.env, TINY_KEY: "abc" };
  const child = spawn(process.execPath, [...args, "--api-key-env", "TINY_KEY"], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  child.stderr.on("data", (data) => {
    log += data;
  });
  const exit = once(child, "exit");
  const [line] = await once(createInterface(child.stdout), "line");
  expect(line).toMatch(/^tiny: http:\/\/127\.0\.0\.1:\d+\/v1$/);
  const api = line.slice("tiny: ".length);
  const headers = { "Content-Type": "application/json", Authorization: "Bearer abc" };
  const body = { model: "tiny", messages: asked("is there a cat ?"), max_tokens: 100, stream: true };
  const response = await post(api, body, { headers });
  child.kill("SIGTERM");
  child.kill("SIGINT"); // As npm passes it on: not a second wish.
  expect((await events(response)).at(-1)).toBe("[DONE]");
  expect(await exit).toEqual([0, null]);
  expect(log).toContain("POST /v1/chat/completions 200 10 + 100 tokens\n");
});

it.each([
  [["--model", "nowhere"], "nowhere"],
  [["--model", modelFolder, "--port", "x"], "--port must be a whole number"],
  [
    ["--model", modelFolder, "--api-key-env", "NO_SUCH_KEY"],
    '--api-key-env must be the name of an environment variable that holds a key, got "NO_SUCH_KEY"',
  ],
  [["--model", modelFolder, "--key", "abc"], "unknown option --key"],
  [[], "--model must be given"],
])("tells in one line what is wrong: %j", async (args, message) => {
  const run = promisify(execFile)(process.execPath, [main, "serve-api", ...args]);
  const { code, stderr } = await run.then(
    () => ({ code: 0, stderr: "" }),
    (error) => error,
  );
  expect(code).toBe(1);
  expect(stderr).toContain(message);
  expect(withoutProgress(stderr).trim().split("\n").length).toBe(1);
});
