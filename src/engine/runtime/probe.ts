/** Whether a device runs a small program, and whether it computes in float16. */
import { runtime } from "#runtime";
import { float32, type HostArray } from "../host.ts";
import { encodeModel } from "../onnx/encode.ts";
import { GraphBuilder, type Value } from "../onnx/graph.ts";
import type { Machine } from "./runtime.ts";

/** What a device did with the probe. */
export interface Probed {
  /** Whether the float32 program ran there, with the right result. */
  readonly opens: boolean;
  /** Whether the same in float16 did. */
  readonly float16: boolean;
  /** Why it does not open. */
  readonly said?: string;
}

/** Runs x * x in float32 and in float16. Some providers end the process where they fail: run it in one of its own. */
export async function probe(machine: Machine): Promise<Probed> {
  const { device = "" } = machine;
  if (!runtime.devices.includes(device))
    return { opens: false, float16: false, said: `${runtime.name} has nothing for it here` };
  try {
    const opens = await squares(machine, false);
    const float16 = opens && (await squares(machine, true).catch(() => false));
    return { opens, float16, ...(!opens && { said: "it gives a wrong result" }) };
  } catch (error) {
    return { opens: false, float16: false, said: reasonOf(error) };
  }
}

/** What the library itself said, in a line, without the places in its source. */
export function reasonOf(error: unknown): string {
  const { cause, message = String(error) } = (error ?? {}) as { cause?: unknown; message?: string };
  if (cause !== undefined) return reasonOf(cause);
  const [line] = message.trim().split("\n");
  return line
    .replace(/^.* was false\. /, "")
    .replaceAll(/\S*\.(cc|h):\d+\s*/g, "")
    .replace(/^.*\[ONNXRuntimeError\]\s*:\s*\d+\s*:\s*\w+\s*:\s*/, "");
}

async function squares(machine: Machine, half: boolean): Promise<boolean> {
  const { graph, outputs } = program(half);
  const model = { files: [], staying: [], encode: (options = {}) => encodeModel(graph, options) };
  const loaded = await runtime.load(model, machine);
  try {
    const given = new Map([["x", float32([4], [1, -2, 3, 0.5])]]);
    const [result] = await loaded.run(given, outputs);
    const { data } = (await runtime.download(result)) as HostArray;
    const isRight = data.join() === "1,4,9,0.25";
    runtime.release(result);
    return isRight;
  } finally {
    await loaded.release();
  }
}

function program(half: boolean) {
  const builder = new GraphBuilder();
  const input = builder.input("x", [4], "float32");
  const as = (value: Value, dtype: "float32" | "float16") => {
    const to = dtype === "float16" ? 10 : 1;
    return half ? builder.op("Cast", [value], [4], dtype, { to }) : value;
  };
  const x = as(input, "float16");
  const y = as(builder.op("Mul", [x, x], [4], x.dtype), "float32");
  const outputs = [{ name: y.name, shape: [4], dtype: "float32" as const }];
  const { nodes, constants } = builder;
  return { outputs, graph: { nodes, constants, inputs: [input], outputs: [y] } };
}
