import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";

it("runs where Node has no Float16Array, as Node 22", async () => {
  const program = `
    const { compile } = await import("./src/engine/compile.ts");
    const { np } = await import("./src/engine/array.ts");
    const x = { shape: [2], dtype: "float32", data: new Float32Array([1, 2]) };
    const double = await compile((x) => np.multiply(x, 2), [x]);
    console.log(typeof Float16Array.from, [...(await double.run(x)).data]);
  `;
  const args = ["--no-js-float16array", "--input-type=module", "--eval", program];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(stdout).toBe("undefined [ 2, 4 ]\n");
});
