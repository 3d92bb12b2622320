import { type NdArray, np } from "./array.ts";
import { compile } from "./compile.ts";
import { float32 } from "./host.ts";
import type { Machine } from "./runtime/runtime.ts";

/**
 * Loads what compiles and runs programs, by a program of one operation: in a page that is some megabytes, which can come
 * while a model's weights do. Throws a UserError where the machine has no such device.
 */
export async function warmUp(machine: Machine): Promise<void> {
  const program = await compile((x: NdArray) => np.add(x, 1), [float32([1])], { machine });
  await program.dispose();
}
