import { describe, expect, it } from "vitest";
import { deviceMissing, nodeDevice } from "../../src/engine/runtime/node-devices.ts";

describe("a device that this machine lacks", () => {
  it.each([
    [
      "webgpu",
      "webgpu_context.cc:136 ... Failed to get a WebGPU adapter: No supported adapters",
      "a GPU with a driver",
    ],
    ["cuda", "OrtSessionOptionsAppendExecutionProvider_Cuda: Failed to load shared library", "NVIDIA"],
    ["coreml", "no available backend found. ERR: [coreml] backend not found.", "macOS"],
    ["dml", "no available backend found. ERR: [dml] backend not found.", "Windows"],
  ])("is one line that says what it needs: %s", (device, said, needs) => {
    const message = deviceMissing({ device }, new Error(said))?.message;
    expect(message).toContain(
      `onnxruntime-node: this machine cannot run programs on ${device}, which needs `,
    );
    expect(message).toContain(needs);
    expect(message).not.toContain("\n");
  });

  it("is not blamed for other errors, nor is the processor ever", () => {
    expect(deviceMissing({ device: "webgpu" }, new Error("bad_alloc"))).toBeUndefined();
    expect(deviceMissing({}, new Error("Failed to load shared library"))).toBeUndefined();
  });

  it("is one of the names that there are", () => {
    expect(() => nodeDevice({ device: "gpu" })).toThrow(
      'onnxruntime-node: device must be cpu or webgpu or cuda or coreml or dml, got "gpu"',
    );
  });
});
