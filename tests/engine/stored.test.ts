import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type NdArray, np, slice, take } from "../../src/engine/array.ts";
import { compile } from "../../src/engine/compile.ts";
import type { FileArray, HalfType, HostArray } from "../../src/engine/host.ts";
import { float32, int32 } from "../../src/engine/host.ts";
import { lower } from "../../src/engine/lower/lower.ts";
import { simplify } from "../../src/engine/passes/simplify.ts";
import type { Machine } from "../../src/engine/runtime/runtime.ts";
import { trace } from "../../src/engine/trace.ts";
import { quantised } from "./cases.ts";
import { expectClose, ramp } from "./differential.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-test-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Numbers that all three types hold exactly. */
const exact = (count: number) => Float32Array.from(ramp(count), (x) => Math.round(x * 64) / 64);

/** Bits of a number that a half holds exactly. */
const bitsOf: Record<HalfType, (x: number) => number> = {
  bfloat16: (x) => new Uint32Array(Float32Array.of(x).buffer)[0] >>> 16,
  float16: (x) => {
    const word = new Uint32Array(Float32Array.of(x).buffer)[0];
    const exponent = (word >>> 23) & 0xff;
    return x === 0 ? 0 : ((word >>> 16) & 0x8000) | ((exponent - 112) << 10) | ((word >>> 13) & 0x3ff);
  },
};

/** Writes values after `offset` other bytes. */
async function inFile(
  name: string,
  shape: readonly number[],
  values: Float32Array,
  stored: HalfType | undefined,
  offset: number,
): Promise<FileArray> {
  const data = stored ? Uint16Array.from(values, bitsOf[stored]) : values;
  const path = join(folder, name);
  await writeFile(path, Buffer.concat([Buffer.alloc(offset, 0xff), new Uint8Array(data.buffer)]));
  return {
    dtype: "float32",
    shape,
    file: { path, offset, length: data.byteLength },
    ...(stored && { stored }),
  };
}

/** A matrix in bfloat16 that repeats a few numbers, and the same in memory. */
async function largeInFile(name: string, [O, I]: readonly [number, number]) {
  const some = exact(997);
  const words = Uint16Array.from(some, bitsOf.bfloat16);
  const plain = float32([O, I]);
  const bits = new Uint16Array(O * I);
  for (let i = 0; i < O * I; i++) {
    plain.data[i] = some[i % 997];
    bits[i] = words[i % 997];
  }
  const path = join(folder, name);
  await writeFile(path, new Uint8Array(bits.buffer));
  const file = { path, offset: 0, length: bits.byteLength };
  const weight: FileArray = { dtype: "float32", shape: [O, I], stored: "bfloat16", file };
  return { weight, plain };
}

async function resultOf(
  fn: unknown,
  args: readonly unknown[],
  weight: unknown,
  machine: Machine = {},
): Promise<HostArray> {
  const options = { frozen: [args.length], machine };
  const program = await compile<HostArray>(fn as never, [...args, weight], options);
  const out = await program.run(...args);
  await program.dispose();
  return out;
}

/** The same function of the same weight, stored and as plain values. */
async function expectEqual(
  fn: unknown,
  args: readonly unknown[],
  stored: unknown,
  plain: HostArray,
  machine: Machine = {},
) {
  const got = await resultOf(fn, args, stored, machine);
  const want = await resultOf(fn, args, plain);
  expect(got.shape).toEqual(want.shape);
  expectClose(got, want, 1e-5);
}

async function operations(fn: unknown, args: readonly unknown[], weight: unknown): Promise<string[]> {
  const { program, constants } = await trace(fn as never, [...args, weight] as HostArray[]);
  const frozen = [...constants, ...args.map(() => undefined), weight as HostArray];
  const { nodes } = lower(simplify(program, constants), frozen);
  return nodes.map(({ op }) => op).filter((op) => op !== "Reshape");
}

const product = (x: NdArray, w: NdArray) => np.einsum("abi,oi->abo", x, w);
const lookUp = (ids: NdArray, w: NdArray) => take(w, ids);
/** With weights of the same kind every sum is exact. */
const x = (I: number) => float32([2, 3, I], exact(6 * I));
const ids = int32([2, 2], [4, 0, 1, 4]);

describe("weights in a checkpoint's own file", () => {
  for (const stored of [undefined, "float16", "bfloat16"] as const) {
    for (const offset of [0, 8, 74, 75]) {
      it(`${stored ?? "float32"} at byte ${offset}: products, rows and look-ups`, async () => {
        const values = exact(5 * 40);
        const weight = await inFile(`w-${stored}-${offset}`, [5, 40], values, stored, offset);
        const plain = float32([5, 40], values);
        await expectEqual(product, [x(40)], weight, plain);
        await expectEqual(lookUp, [ids], weight, plain);
        const rows = (y: NdArray, w: NdArray) => np.einsum("abi,oi->abo", y, slice(w, 0, 1, 4));
        await expectEqual(rows, [x(40)], weight, plain);
        const turned = (y: NdArray, w: NdArray) => np.add(np.transpose(w), y);
        await expectEqual(turned, [float32([40, 1], ramp(40))], weight, plain);
      });
    }
  }

  it.each([undefined, "float16", "bfloat16"] as const)(
    "%s: packed once, they give the same and take memory of float32",
    async (stored) => {
      const weight = await inFile(`packed-${stored}`, [512, 256], exact(512 * 256), stored, 8);
      const options = { frozen: [2], packed: true };
      const both = (y: NdArray, i: NdArray, w: NdArray) => [product(y, w), lookUp(i, w)];
      const program = await compile<HostArray[]>(both as never, [x(256), ids, weight], options);
      const plain = float32([512, 256], exact(512 * 256));
      const got = await program.run(x(256), ids);
      expectClose(got[0], await resultOf(product, [x(256)], plain), 1e-5);
      expectClose(got[1], await resultOf(lookUp, [ids], plain), 0);
      expect(program.bytes).toBeGreaterThanOrEqual(4 * 512 * 256);
      await program.dispose();
    },
  );

  it("large ones are multiplied by parts", async () => {
    const [O, I] = [2 ** 15 + 3, 2 ** 9];
    const { weight, plain } = await largeInFile("large", [O, I]);
    await expectEqual(product, [x(I)], weight, plain);
    expect(await operations(product, [x(I)], weight)).toEqual([
      "Cast",
      "FusedMatMul",
      "Cast",
      "FusedMatMul",
      "Concat",
    ]);
  });

  it("large ones are multiplied by parts of what is summed over", async () => {
    const [O, I] = [2 ** 13 + 3, 2 ** 11 + 1];
    const { weight, plain } = await largeInFile("tall", [O, I]);
    const back = (y: NdArray, w: NdArray) => np.einsum("abo,oi->abi", y, w);
    const y = float32([2, 1, O], exact(2 * O));
    await expectEqual(back, [y], weight, plain);
    const part = ["Slice", "Cast", "MatMul"];
    expect(await operations(back, [y], weight)).toEqual([...part, ...part, "Add"]);
  });

  it("are widened once for products that follow each other, and anew for one that comes later", async () => {
    const weight = await inFile("shared", [512, 256], exact(512 * 256), "bfloat16", 8);
    const back = (y: NdArray, w: NdArray) => np.einsum("abo,oi->abi", y, w);
    const twice = (y: NdArray, w: NdArray) => back(product(y, w), w);
    await expectEqual(twice, [x(256)], weight, float32([512, 256], exact(512 * 256)));
    const later = (y: NdArray, w: NdArray) => {
      let between = product(y, w);
      for (let i = 0; i < 40; i++) between = np.exp(np.negative(between));
      return back(between, w);
    };
    const widened = async (fn: unknown) =>
      (await operations(fn, [x(256)], weight)).filter((op) => op === "Cast").length;
    expect([await widened(twice), await widened(later)]).toEqual([1, 2]);
  });

  it("are widened after a look-up, and a slice of them is other bytes of the file", async () => {
    const weight = await inFile("w", [5, 40], exact(200), "bfloat16", 8);
    expect(await operations(lookUp, [ids], weight)).toEqual(["Gather", "Cast"]);
    const rows = (y: NdArray, w: NdArray) => np.einsum("abi,oi->abo", y, slice(w, 0, 1, 4));
    expect(await operations(rows, [x(40)], weight)).toEqual(["Cast", "FusedMatMul"]);
  });
});

describe.runIf(process.platform === "linux")("memory", () => {
  it.each(["forward", "gradient"])(
    "holds the file and a few widened matrices, not all of them: %s",
    async (mode) => {
      const script = join(import.meta.dirname, "mapped-peak.ts");
      const { stdout } = await promisify(execFile)(process.execPath, [script, mode]);
      const { grown, ratio } = JSON.parse(stdout) as { grown: number; ratio: number };
      expect(ratio).toBeCloseTo(1, 4);
      // The file has 96 MB and each matrix 4 MB in float32: all of them would be 192 MB more.
      expect(grown).toBeGreaterThan(80);
      expect(grown).toBeLessThan(96 + 90);
    },
  );
});

describe("weights in few bits", () => {
  for (const bits of [4, 8] as const) {
    for (const [I, blockSize] of [
      [64, 32],
      [40, 16],
      [128, 128],
    ]) {
      it(`${bits} bits, ${I} columns in blocks of ${blockSize}: the values they stand for`, async () => {
        const [weight, plain] = quantised(5, I, bits, blockSize);
        await expectEqual(lookUp, [ids], weight, plain);
        await expectEqual((y: NdArray, w: NdArray) => np.add(w, y), [float32([], [1])], weight, plain);
        const rows = (y: NdArray, w: NdArray) => np.add(slice(w, 0, 2, 5), y);
        await expectEqual(rows, [float32([], [1])], weight, plain);
      });
    }
  }

  it("are multiplied by one kernel, whichever side they stand on", async () => {
    const [weight] = quantised(5, 64, 4, 32);
    expect(await operations(product, [x(64)], weight)).toEqual(["MatMulNBits"]);
    const left = (y: NdArray, w: NdArray) => np.einsum("oi,abi->oab", w, y);
    expect(await operations(left, [x(64)], weight)).toContain("MatMulNBits");
    const transposed = (y: NdArray, w: NdArray) => np.einsum("abo,oi->abi", y, w);
    expect(await operations(transposed, [float32([2, 3, 5], ramp(30))], weight)).not.toContain("MatMulNBits");
  });

  it.each([4, 8] as const)(
    "%s bits: products in float32 where the machine is asked for them",
    async (bits) => {
      const [weight, plain] = quantised(6, 96, bits, 32);
      const exactly = { precision: "float32" } as const;
      await expectEqual(product, [x(96)], weight, plain, exactly);
      const left = (y: NdArray, w: NdArray) => np.einsum("oi,abi->oab", w, y);
      await expectEqual(left, [x(96)], weight, plain, exactly);
      const transposed = (y: NdArray, w: NdArray) => np.einsum("abo,oi->abi", y, w);
      await expectEqual(transposed, [float32([2, 3, 6], ramp(36))], weight, plain, exactly);
    },
  );

  const rounded =
    "%s bits: the other operand is rounded too, each block by half a step of 1/127 of its largest";
  it.each([4, 8] as const)(rounded, async (bits) => {
    const [I, blockSize] = [100, 32];
    const [weight, { data: values }] = quantised(6, I, bits, blockSize);
    const y = float32([1, 1, I], ramp(I));
    const got = await resultOf(product, [y], weight);
    for (let o = 0; o < 6; o++) {
      let want = 0;
      let bound = 0;
      for (let start = 0; start < I; start += blockSize) {
        const columns = Array.from({ length: Math.min(blockSize, I - start) }, (_, i) => start + i);
        const step = Math.max(...columns.map((i) => Math.abs(y.data[i]))) / 127;
        for (const i of columns) {
          want += y.data[i] * values[o * I + i];
          bound += (step / 2) * Math.abs(values[o * I + i]);
        }
      }
      expect(Math.abs(got.data[o] - want), `row ${o}`).toBeLessThanOrEqual(bound * 1.001 + 1e-4);
    }
  });
});
