// What stays behind when very many different functions were compiled and traced.
import * as jax from "@jax-js/jax";
import * as ort from "onnxruntime-node";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type NdArray, np, valueAndGrad } from "../../src/engine/array.ts";
import { cached, cachedFunctions } from "../../src/engine/cached.ts";
import { compile } from "../../src/engine/compile.ts";
import { float32, type HostArray } from "../../src/engine/host.ts";
import { JAX_LIMIT, jaxCacheSizes } from "../../src/engine/jax-caches.ts";
import { trace } from "../../src/engine/trace.ts";

const spec = (...shape: number[]) => ({ shape, dtype: "float32" as const });

afterEach(() => vi.restoreAllMocks());

/** Counts sessions of ONNX Runtime that were created and not released. */
function watchSessions(): { alive: number; most: number } {
  const count = { alive: 0, most: 0 };
  const { create } = ort.InferenceSession;
  vi.spyOn(ort.InferenceSession, "create").mockImplementation(async (...args: unknown[]) => {
    const session = await (create as (...all: unknown[]) => Promise<ort.InferenceSession>)(...args);
    count.most = Math.max(count.most, ++count.alive);
    const release = session.release.bind(session);
    session.release = async () => {
      await release();
      count.alive--;
    };
    return session;
  });
  return count;
}

describe("programs", () => {
  it("of five hundred shapes leave as many sessions as are kept", async () => {
    const sessions = watchSessions();
    const program = cached<HostArray>((x: NdArray) => np.sum(x), { limit: 8, machine: { threads: 1 } });
    for (let length = 1; length <= 500; length++) await program.run(float32([length]));
    expect([program.size, sessions.alive]).toEqual([8, 8]);
    expect(sessions.most).toBeLessThanOrEqual(9);
    await program.dispose();
    expect([program.size, sessions.alive]).toEqual([0, 0]);
  });

  it("that run when all are released end first", async () => {
    const sessions = watchSessions();
    const functions = cachedFunctions({ limit: 2 });
    const sum = (x: NdArray) => np.sum(np.multiply(x, 2));
    const running = [1, 2, 3].map((length) =>
      functions.run<HostArray>("sum", sum as never, [float32([length], Array(length).fill(1))]),
    );
    await functions.dispose();
    expect((await Promise.all(running)).map(({ data }) => data[0])).toEqual([2, 4, 6]);
    expect([functions.size, sessions.alive]).toEqual([0, 0]);
  });

  it("that pack weights for themselves are kept up to their bytes, two at least", async () => {
    const codes = new Uint8Array(16 * 16).fill(0x99);
    const scales = new Float32Array(16).fill(1);
    const weight = { dtype: "float32", shape: [16, 32], bits: 4, blockSize: 32, codes, scales } as const;
    const product = (w: NdArray, x: NdArray) => np.einsum("bi,oi->bo", x, w);
    const one = await compile(product as never, [weight, float32([1, 32])], {
      frozen: [0],
      machine: { threads: 1 },
    });
    expect(one.bytes).toBeGreaterThanOrEqual(codes.byteLength + scales.byteLength);
    await one.dispose();
    for (const [share, kept] of [
      [5.5, 5],
      [0.5, 2],
    ]) {
      const sessions = watchSessions();
      const options = { limit: 8, maxBytes: share * one.bytes, machine: { threads: 1 } };
      const program = cached<HostArray>(product as never, options);
      for (let rows = 1; rows <= 7; rows++) {
        const { data } = await program.run(weight, float32([rows, 32], Array(32 * rows).fill(1)));
        expect(data[0]).toBe(32); // A code of 9 is 1.
      }
      expect([program.size, sessions.alive]).toEqual([kept, kept]);
      await program.dispose();
      vi.restoreAllMocks();
    }
  });
});

describe("a trace", () => {
  const gradient = (weight: NdArray): unknown =>
    valueAndGrad((w: NdArray) => [np.sum(np.multiply(w, w)), {}] as [NdArray, object])(weight);

  it("of a gradient leaves no interpreter on jax-js's stack", async () => {
    for (let i = 0; i < 3; i++) await trace(gradient as never, [spec(4)]);
    let level: number | undefined;
    const look = (x: unknown) => {
      level = (x as { _trace: { main: { level: number } } })._trace.main.level;
      return x;
    };
    const makeJaxpr = jax.makeJaxpr as unknown as (f: unknown) => (x: NdArray) => unknown;
    makeJaxpr(look)(np.ones([1]));
    expect(level).toBe(1);
  });

  it("that fails leaves none either", async () => {
    const fails = (weight: NdArray): never => {
      gradient(weight);
      throw new Error("on purpose");
    };
    await expect(trace(fails as never, [spec(4)])).rejects.toThrow("on purpose");
    const { program } = await trace(gradient as never, [spec(4)]);
    expect(program.outputs.length).toBe(2);
  });

  it("releases the constants that it made", async () => {
    const made: NdArray[] = [];
    const keep = (array: NdArray) => {
      made.push(array);
      return array;
    };
    const { constants } = await trace(
      ((x: NdArray) => {
        const table = keep(np.array([1, 2, 3]));
        const places = keep(np.arange(3));
        return np.add(np.multiply(x, table), np.add(np.multiply(table, 2), places));
      }) as never,
      [spec(3)],
    );
    expect(constants.length).toBeGreaterThan(0);
    expect(made.map(({ refCount }) => refCount)).toEqual([0, 0]);
  });

  it("leaves an array of the caller's as it is", async () => {
    const table = np.array([1, 2, 3]);
    for (let i = 0; i < 2; i++) await trace(((x: NdArray) => np.multiply(x, table)) as never, [spec(3)]);
    expect(await table.ref.data()).toEqual(Float32Array.of(1, 2, 3));
  });

  it("of thousands of shapes leaves jax-js's own maps small", async () => {
    const product = (x: NdArray, y: NdArray) =>
      np.add(np.einsum("ab,bc->ac", x, y), np.expandDims(np.arange(x.shape[0]), 1));
    const most = [0, 0, 0];
    for (let length = 1; length <= JAX_LIMIT + 100; length++) {
      await trace(product as never, [spec(length, 2), spec(2, 3)]);
      for (const [i, size] of jaxCacheSizes().entries()) most[i] = Math.max(most[i], size);
    }
    expect(jaxCacheSizes().length).toBe(3);
    expect(most[0]).toBeGreaterThan(JAX_LIMIT / 2); // They are the maps that grow.
    for (const size of most) expect(size).toBeLessThanOrEqual(JAX_LIMIT + 100);
    for (const size of jaxCacheSizes()) expect(size).toBeLessThan(JAX_LIMIT);
  });
});

describe("np.tanh", () => {
  it("is jax-js's", async () => {
    const values = [-90, -3, -0.5, -0, 0, 1e-4, 0.3, 2, 20, 90];
    const ours = np.tanh(np.array(values));
    const theirs = jax.numpy.tanh(jax.numpy.array(values));
    expect(await ours.data()).toEqual(await theirs.data());
  });
});
