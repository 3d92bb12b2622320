/** Weights that lie in a file, in each type that a file may have them in: a product by them and a look-up, two megabytes. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type NdArray, np, take } from "../../src/engine/array.ts";
import { type FileArray, float32, type HalfType, int32 } from "../../src/engine/host.ts";
import { onEngine } from "../engine/compared.ts";
import { ramp } from "../engine/ramp.ts";
import { inTemporaryFolder } from "../train/support.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";

const [O, I] = [1024, 512];
const fn = (w: NdArray, x: NdArray, i: NdArray) => [np.einsum("ai,oi->ao", x, w), take(w, i)];

/** 1, 1.5, 1.25 and the like, which every type has exactly. */
const exact = (i: number) => (i % 2 === 0 ? 1 : -1) * (1 + (i % 8) / 8);

const bytes: Readonly<Record<HalfType | "float32", (x: Float32Array) => Uint8Array>> = {
  float32: ({ buffer }) => new Uint8Array(buffer),
  float16: (x) => new Uint8Array(Uint16Array.from(x, halfOf).buffer),
  bfloat16: ({ buffer }) =>
    new Uint8Array(Uint16Array.from(new Uint32Array(buffer), (bits) => bits >>> 16).buffer),
};

/** Of a value with few bits, of size 1 to 2. */
function halfOf(x: number): number {
  return (x < 0 ? 0x8000 : 0) | (15 << 10) | ((Math.abs(x) - 1) * 1024);
}

export function storedOutcomes(): Promise<Outcome[]> {
  return inTemporaryFolder(async (folder) => {
    const values = Float32Array.from({ length: O * I }, (_, i) => exact(i));
    const outcomes: Outcome[] = [];
    for (const type of ["float32", "float16", "bfloat16"] as const) {
      const path = join(folder, type);
      const data = bytes[type](values);
      await writeFile(path, data);
      const weight: FileArray = {
        dtype: "float32",
        shape: [O, I],
        file: { path, offset: 0, length: data.length },
        ...(type !== "float32" && { stored: type }),
      };
      const args = [float32([3, I], ramp(3 * I)), int32([2], [5, 1000])];
      const run = (device: string) => onEngine(fn as never, args, { device }, weight as never);
      outcomes.push(await outcomeOf(type, 1e-4, run));
    }
    return outcomes;
  });
}
