import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { leftOut, memoryFinding, nodeFinding, whatFailed } from "../../src/cli/doctor.ts";

const main = join(import.meta.dirname, "../../src/cli/main.ts");
const GIB = 2 ** 30;

async function doctor(env: NodeJS.ProcessEnv = {}, ...args: string[]) {
  return promisify(execFile)(process.execPath, [main, "doctor", ...args], { env: { ...process.env, ...env } })
    .then((done) => ({ ...done, code: 0 }))
    .catch((error) => error as { code: number; stdout: string; stderr: string });
}

it("finds nothing wrong where the tests run, and says what there is", async () => {
  const { code, stdout } = await doctor({ HF_TOKEN: "hf_secret" }, "--json");
  expect(code).toBe(0);
  const { version, findings } = JSON.parse(stdout);
  expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  const states = Object.fromEntries(findings.map(({ name, state }: Record<string, string>) => [name, state]));
  expect(states).toMatchObject({
    Node: "fine",
    Engine: "fine",
    "Reading pictures": "fine",
    "Drawing figures": "fine",
  });
  expect(stdout).toContain("HF_TOKEN");
  expect(stdout).not.toContain("hf_secret");
});

it("names what is wrong, says what to do, and ends with 1", async () => {
  const { code, stdout } = await doctor({ HF_HOME: main });
  expect(code).toBe(1);
  expect(stdout).toMatch(/WRONG +Cache of models +\S+main\.ts\/hub cannot be written to\n +-> set HF_HOME/);
  expect(stdout).toMatch(/1 of these must be mended first\.\n$/);
});

it("knows which Node is too old", () => {
  expect(nodeFinding("22.18.0").state).toBe("fine");
  expect(nodeFinding("24.1.0").state).toBe("fine");
  expect(nodeFinding("22.17.1")).toMatchObject({ state: "wrong", advice: expect.stringContaining("22.18") });
  expect(nodeFinding("20.20.0").state).toBe("wrong");
});

it("counts the memory that a container may use", () => {
  expect(memoryFinding(16 * GIB, 12 * GIB, undefined)).toMatchObject({
    state: "fine",
    found: "16.0 GiB, 12.0 GiB free",
  });
  expect(memoryFinding(16 * GIB, 12 * GIB, 2 * GIB)).toMatchObject({
    state: "note",
    found: "16.0 GiB, 2.0 GiB free, of which this container may use 2.0 GiB",
    advice: expect.stringContaining("int4"),
  });
});

it("says what was left out of the install, and how to have it", async () => {
  const without = (...missing: string[]) =>
    leftOut(async (name) => (missing.includes(name) ? undefined : "1.0.0"));
  expect(await without()).toEqual([]);
  expect(await without("hyparquet")).toEqual([
    {
      name: "Left out",
      state: "note",
      found: "reading parquet",
      advice: "npm install hyparquet@1 hyparquet-compressors@1",
    },
  ]);
});

it("passes on what a missing package says of itself", () => {
  const missing = new Error(
    "running a model needs onnxruntime-node: npm install --ignore-scripts onnxruntime-node@1.30.0",
  );
  expect(whatFailed(missing, "npm install x")).toEqual({
    found: "running a model needs onnxruntime-node",
    advice: "npm install --ignore-scripts onnxruntime-node@1.30.0",
  });
  expect(whatFailed(new Error("libonnxruntime.so: wrong ELF class\nat x"), "npm install x")).toEqual({
    found: "libonnxruntime.so: wrong ELF class",
    advice: "npm install x",
  });
});
