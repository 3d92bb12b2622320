/** Which nodes of a program ONNX Runtime computes on the processor, for want of a kernel on the device that was asked for. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { InferenceSession } from "onnxruntime-node";
import { noTensor } from "../onnx/encode.ts";
import type { Loaded, Machine } from "./runtime.ts";

/** The profile of one run, which says where each node was computed: ONNX Runtime says so nowhere else. */
export interface Placement {
  /** Options of the session to be looked at. */
  readonly options: Pick<InferenceSession.SessionOptions, "enableProfiling" | "profileFilePrefix">;
  /** After the first run: the line to say of it, if some nodes were computed on the processor. */
  read(session: InferenceSession, device: string): Promise<string | undefined>;
  /** Instead of `read`, where nothing was run. */
  drop(): Promise<void>;
}

export async function openPlacement(): Promise<Placement> {
  const folder = await mkdtemp(join(tmpdir(), "fovea-nodes-"));
  const drop = () => rm(folder, { recursive: true, force: true });
  return {
    options: { enableProfiling: true, profileFilePrefix: join(folder, "run") },
    async read(session, device) {
      try {
        session.endProfiling();
        const [file] = await readdir(folder);
        return placementLine(device, JSON.parse(await readFile(join(folder, file), "utf8")));
      } finally {
        await drop();
      }
    },
    drop,
  };
}

/** Says after the first run what of it the device had no kernel for. */
export function noted(
  plain: Loaded,
  session: InferenceSession,
  placement: Placement,
  machine: Machine,
): Loaded {
  let isRead = false;
  return {
    async run(inputs, outputs) {
      const results = await plain.run(inputs, outputs);
      if (isRead) return results;
      isRead = true;
      const line = await placement.read(session, machine.device ?? "");
      if (line !== undefined) machine.onNote?.(line);
      return results;
    },
    async release() {
      if (!isRead) await placement.drop();
      await plain.release();
    },
  };
}

/** What is read of an event of ONNX Runtime's profile. */
export interface ProfileEvent {
  readonly cat: string;
  readonly name: string;
  readonly args?: { readonly provider?: string; readonly op_name?: string };
}

/** `webgpu: 3 of 412 nodes run on the CPU: Sign (2), Mod`; undefined where all run on the device. */
export function placementLine(device: string, events: readonly ProfileEvent[]): string | undefined {
  const ran = events.filter(({ cat, name }) => cat === "Node" && name.endsWith("_kernel_time"));
  const nodes = ran.filter(({ name }) => !name.startsWith(noTensor)); // It computes nothing.
  const counts = new Map<string, number>();
  for (const { args: { provider, op_name: op = "" } = {} } of nodes)
    if (provider === "CPUExecutionProvider") counts.set(op, (counts.get(op) ?? 0) + 1);
  if (counts.size === 0) return undefined;
  const sum = [...counts.values()].reduce((total, count) => total + count);
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  const said = sorted.map(([op, count]) => (count === 1 ? op : `${op} (${count})`));
  return `${device}: ${sum} of ${nodes.length} nodes run on the CPU: ${said.join(", ")}`;
}
