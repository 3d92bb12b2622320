import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { findCommand } from "../../src/cli/commands.ts";
import { begin, machineOf, mustBeFetched } from "../../src/cli/device.ts";
import { providerPath } from "../../src/cli/devices/cuda.ts";
import { childrenOf } from "../../src/cli/find-command.ts";
import { openVlm } from "../../src/index.ts";
import { machineHere, sentMachine } from "../../src/serve/machine.ts";
import { decodingOf } from "../../src/vlm/answer.ts";

describe("--device", () => {
  it("is an option of every command that opens a model", async () => {
    const { command: root } = await findCommand([]);
    for (const name of Object.keys((await childrenOf(root)) ?? {})) {
      const { command } = await findCommand([name]);
      const options = Object.keys((command.args ?? {}) as object);
      const opens = options.includes("weights") || ["demo", "train"].includes(name);
      if (opens) expect(options, name).toEqual(expect.arrayContaining(["device", "precision"]));
    }
  });

  it("is the machine that is handed down, which says what does not run there", () => {
    const machine = machineOf("lens", { device: "cpu", precision: "fast" });
    expect(machine).toMatchObject({ device: "cpu", onNote: expect.any(Function) });
    expect(() => machineOf("lens", { device: "gpu", precision: "fast" })).toThrow(
      'lens: --device must be one of cpu, webgpu, cuda, coreml, dml, got "gpu"',
    );
  });

  it("comes with the precision of products; NVIDIA's libraries are asked for float32 where they will see it", () => {
    expect(machineOf("lens", { device: "cpu", precision: "float16" })).toMatchObject({
      precision: "float16",
    });
    expect(() => machineOf("lens", { device: "cpu", precision: "tf32" })).toThrow(
      'lens: --precision must be one of fast, float32, float16, got "tf32"',
    );
    const before = { tf32: process.env.NVIDIA_TF32_OVERRIDE };
    try {
      delete process.env.NVIDIA_TF32_OVERRIDE;
      begin("lens", { device: "cuda", precision: "fast" });
      expect(process.env.NVIDIA_TF32_OVERRIDE).toBeUndefined();
      begin("lens", { device: "cuda", precision: "float32" });
      expect(process.env.NVIDIA_TF32_OVERRIDE).toBe("0");
    } finally {
      delete process.env.NVIDIA_TF32_OVERRIDE;
      if (before.tf32 !== undefined) process.env.NVIDIA_TF32_OVERRIDE = before.tf32;
    }
  });

  it.runIf(process.platform === "linux")(
    "is seen by libraries in C, for Node sets their environment too",
    async () => {
      const program = 'process.env.HOME = "/seen"; console.log(os.homedir());'; // homedir() asks getenv(3).
      const { stdout } = await promisify(execFile)(process.execPath, ["--eval", program]);
      expect(stdout).toBe("/seen\n");
    },
  );

  it("is refused where its provider was not fetched", () => {
    mustBeFetched("lens", "--device", "cpu");
    const hasProvider =
      !["linux x64"].includes(`${process.platform} ${process.arch}`) || existsSync(providerPath());
    if (!hasProvider)
      expect(() => mustBeFetched("lens", "--device", "cuda")).toThrow(
        /^lens: --device must be a device that is installed, got "cuda"; first: ONNXRUNTIME_NODE_INSTALL=cuda12 node /,
      );
  });

  it("reaches what answers, as what opens", async () => {
    const model = await openVlm("checkpoints/full", { machine: { device: "cpu", threads: 1 } });
    expect(model.programs.machine).toEqual({ device: "cpu", threads: 1 });
    expect(decodingOf(model).machine).toEqual({ device: "cpu", threads: 1 });
  });
});

describe("a machine that a thread is told", () => {
  it("has what can be sent, and a voice of its own", () => {
    const sent = sentMachine({ device: "webgpu", threads: 2, onNote: () => {} });
    expect(structuredClone(sent)).toEqual({ device: "webgpu", threads: 2 });
    expect(machineHere(sent)).toMatchObject({ ...sent, onNote: expect.any(Function) });
    expect(sentMachine({})).toEqual({});
  });
});
