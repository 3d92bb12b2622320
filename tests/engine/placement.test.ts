import { describe, expect, it } from "vitest";
import { placementLine } from "../../src/engine/runtime/node-placement.ts";

const node = (op_name: string, provider: string, name = "n1_kernel_time") => ({
  cat: "Node",
  name,
  args: { provider, op_name },
});

describe("what is said of nodes that the device does not compute", () => {
  it("counts those of the processor by operation, the most first", () => {
    const events = [
      node("MatMul", "WebGpuExecutionProvider"),
      node("Mod", "CPUExecutionProvider"),
      node("Sign", "CPUExecutionProvider"),
      node("Sign", "CPUExecutionProvider"),
      node("Sign", "CPUExecutionProvider", "n1_fence_before"),
      { cat: "Session", name: "model_run" },
    ];
    expect(placementLine("webgpu", events)).toBe("webgpu: 3 of 4 nodes run on the CPU: Sign (2), Mod");
  });

  it("is nothing where the device computes all", () => {
    const events = [
      node("MatMul", "CoreMLExecutionProvider"),
      node("SequenceEmpty", "CPUExecutionProvider", "no tensor_kernel_time"),
    ];
    expect(placementLine("coreml", events)).toBeUndefined();
  });
});
