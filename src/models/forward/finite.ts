/** Weights that are no numbers: a model with one of them answers nothing, or anything. */
import { UserError } from "../../common/errors.ts";
import { type ConstantArray, type HostArray, isLeaf, leavesWithPaths } from "../../engine/host.ts";
import { readWeight } from "../../hub/weights/weights.ts";

/** Tensors that are named at most. */
const few = 3;

/**
 * Throws a UserError where what a model computed from `params` holds NaN, naming the tensors at fault: only then are they
 * read. `nameOf`: a parameter's name in its checkpoint, from its path. Arrays that are not of floats pass.
 */
export async function mustBeNumbers(
  computed: unknown,
  params: unknown,
  nameOf: (path: string) => string,
): Promise<void> {
  const arrays = leavesOf(computed).map(([, array]) => array as HostArray);
  if (!arrays.some(({ data }) => data instanceof Float32Array && hasNaN(data))) return;
  const faults = await faultyTensors(params, nameOf);
  if (faults.length === 0)
    throw new UserError(
      "model: its logits must be numbers, got NaN, though all its weights are finite numbers",
    );
  const more = faults.length > few ? `; and ${faults.length - few} tensors more` : "";
  throw new UserError(`model: its weights must be finite numbers: ${faults.slice(0, few).join("; ")}${more}`);
}

/** `tensor NAME has 3 of 4096 values that are NaN or infinite` */
async function faultyTensors(params: unknown, nameOf: (path: string) => string): Promise<string[]> {
  const faults: string[] = [];
  for (const [path, leaf] of leavesOf(params)) {
    const array = leaf as ConstantArray;
    if (!("data" in array) && !("file" in array && array.dtype === "float32")) continue;
    const { data } = await readWeight(array as HostArray);
    const wrong =
      data instanceof Float32Array ? data.reduce((n, x) => n + (Number.isFinite(x) ? 0 : 1), 0) : 0;
    if (wrong > 0)
      faults.push(`tensor ${nameOf(path)} has ${wrong} of ${data.length} values that are NaN or infinite`);
  }
  return faults;
}

function leavesOf(tree: unknown): [string, unknown][] {
  return leavesWithPaths(tree, isLeaf);
}

function hasNaN(data: Float32Array): boolean {
  for (let i = 0; i < data.length; i++) if (Number.isNaN(data[i])) return true;
  return false;
}
