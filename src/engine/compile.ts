/** `compile`: from a function over arrays to a program that ONNX Runtime runs on typed arrays. */
import { runtime as platformRuntime } from "#runtime";
import { mustBe } from "../common/errors.ts";
import type { ArraySpec, ConstantArray, DType, HostArray, Tree } from "./host.ts";
import { isLeaf, leavesWithPaths } from "./host.ts";
import type { Constant, Program, Var } from "./ir.ts";
import { markPassing } from "./lower/flash-attention.ts";
import { lower, UnsupportedEquation } from "./lower/lower.ts";
import { markOrder } from "./lower/product-order.ts";
import { encodeModel } from "./onnx/encode.ts";
import { copiedBytes, filesOf, type Graph, widensAtLoad } from "./onnx/graph.ts";
import { mayOverwrite } from "./onnx/overwriting.ts";
import { foldScalars } from "./passes/fold-scalars.ts";
import { fuse } from "./passes/fuse.ts";
import { recompute } from "./passes/recompute.ts";
import { simplify } from "./passes/simplify.ts";
import { keepTopValues } from "./passes/top-values.ts";
import type {
  ArrayPlace,
  Capabilities,
  Loaded,
  Machine,
  Model,
  Runtime,
  RuntimeArray,
  Wanted,
} from "./runtime/runtime.ts";
import { isOnDevice, placeOf } from "./runtime/runtime.ts";
import type { ArrayFunction, Traced } from "./trace.ts";
import { findOrigin, trace } from "./trace.ts";

/** A tree of host arrays. */
export type HostTree = Tree<HostArray>;

/** How a function is compiled, and for which machine. */
export interface CompileOptions {
  /** Where the program runs. */
  readonly machine?: Machine;
  /**
   * Arguments whose values, given in `example` as {@link ConstantArray} leaves, become constants of the program.
   * They are not passed to `run`.
   */
  readonly frozen?: readonly number[];
  /**
   * The results of the forward pass, by the start of their paths in `fn`'s result (`1.loss`). If given, what
   * the backward pass needs of the forward pass is recomputed rather than held, as far as it saves memory.
   */
  readonly recompute?: readonly string[];
  /**
   * The argument that the first results are the next value of, leaf by leaf: the state of a step. Where that is safe and the
   * runtime can, they may be written into that argument's own arrays ({@link CompiledProgram.writesOverState}).
   */
  readonly state?: number;
  /**
   * Whether matrices that lie in files are widened and packed for their products once, in memory of the program's own, rather
   * than widened at each run: for a program that runs many times on a few rows.
   */
  readonly packed?: boolean;
}

/** What compiling took, and how large the program is. */
export interface CompileTimes {
  /** Milliseconds. */
  readonly trace: number;
  readonly lower: number;
  readonly session: number;
  /** Whether the session was made of what an earlier one had left on the disk. */
  readonly wasKept: boolean;
  readonly equations: number;
  readonly nodes: number;
}

/** A function compiled for one combination of shapes and types. */
export interface CompiledProgram<Out> {
  /** Runs on arguments of the compiled shapes and types (the frozen ones left out). */
  run(...args: readonly unknown[]): Promise<Out>;
  /** As `run`; the first leaves of the result are written into the arrays `into`, which the result then holds. */
  runInto(into: readonly RuntimeArray[], ...args: readonly unknown[]): Promise<Out>;
  /** Where arrays can stay from run to run: what is uploaded there may be given to it, or be written into. */
  readonly place: ArrayPlace;
  /** Whether `runInto` may be given the very arrays of the argument that is the program's state. */
  readonly writesOverState: boolean;
  readonly times: CompileTimes;
  /** Of its constants: what it takes at least. Weights in 4 or 8 bits are packed anew by every program. */
  readonly bytes: number;
  dispose(): Promise<void>;
}

/**
 * Compiles `fn` for the shapes and types of `example`, a list of one tree per argument.
 * @throws UnsupportedEquation when a primitive has no ONNX lowering, with the line of code that traced it.
 */
export async function compile<Out = unknown>(
  fn: ArrayFunction,
  example: readonly unknown[],
  options: CompileOptions = {},
): Promise<CompiledProgram<Out>> {
  const trees = example as readonly Tree<ArraySpec>[];
  const { machine = {} } = options;
  const runtime = runtimeOf(machine);
  const can = runtime.capabilities(machine);
  const start = performance.now();
  const traced = await trace(fn, trees);
  const simple = keepTopValues(foldScalars(simplify(traced.program, traced.constants)));
  const frozen = frozenValues(traced.constants, trees, options.frozen ?? []);
  const fused = fuse(simple);
  const whole = can.ordered ? recomputed(fused, traced, frozen, options) : fused;
  const program = markOrder(markPassing(whole));
  const lowered = performance.now();
  const graph = lowerOrExplain(() => lower(program, frozen, can, options.packed), fn, trees);
  const created = performance.now();
  const outputs = graph.outputs.map(({ name, shape, dtype }) => ({ name, shape, dtype: dtype as DType }));
  const staying = options.frozen?.includes(0) ? [] : carriedResults(traced.rebuild(outputs), trees[0]);
  const loaded = await runtime.load(
    { ...modelOf(graph, runtime.name, can), staying, folds: options.packed || widensAtLoad(graph) },
    machine,
  );
  const place = placeOf(runtime, machine);
  const times: CompileTimes = {
    trace: lowered - start,
    lower: created - lowered,
    session: performance.now() - created,
    wasKept: loaded.wasKept ?? false,
    equations: program.equations.length,
    nodes: graph.nodes.length,
  };
  const live = program.inputs.flatMap((variable, i) => (frozen[i] ? [] : [{ variable, name: `in${i}` }]));
  const paths = argumentPaths(trees, options.frozen ?? []);
  const inputs = live.map((input, i) => ({ ...input, path: paths[i] }));
  const writesOverState = !place.handles && mayOverwriteState(graph, inputs, outputs, can, options);
  const bytes = copiedBytes(graph);
  const { rebuild } = traced;
  return programOver<Out>({ loaded, place, can, inputs, outputs, rebuild, times, bytes, writesOverState });
}

/** Results that are copied to the host are complete before anything is written over. */
function mayOverwriteState(
  graph: Graph,
  inputs: Runner["inputs"],
  outputs: Runner["outputs"],
  { inPlace }: Capabilities,
  { state }: CompileOptions,
): boolean {
  if (state === undefined) return false;
  const argument = `argument ${state}`;
  const old = inputs.filter(({ path }) => path === argument || path.startsWith(`${argument}.`));
  const pairs = old.map(({ variable, name }, i) => [{ ...variable, name }, outputs[i]] as const);
  if (pairs.some(([input, output]) => input.shape.join() !== output?.shape.join())) return false;
  return !inPlace || mayOverwrite(graph, pairs);
}

/** The leaves of the first result of two where it has the form of the first argument, as in the step of a carry. */
function carriedResults<L extends ArraySpec>(result: Tree<L>, argument: Tree<ArraySpec> | undefined): L[] {
  if (argument === undefined || !Array.isArray(result) || result.length !== 2) return [];
  const form = (tree: unknown) =>
    leavesWithPaths<ArraySpec>(tree, isLeaf).map(([path, { dtype, shape }]) => `${path}: ${dtype}[${shape}]`);
  if (form(result[0]).join() !== form(argument).join()) return [];
  return leavesWithPaths(result[0], isLeaf as (x: unknown) => x is L).map(([, leaf]) => leaf);
}

function modelOf(graph: Graph, runtime: string, can: Capabilities): Omit<Model, "staying"> {
  const files = filesOf(graph);
  if (files.length > 0 && !can.files) throw mustBe(runtime, "weights", "in memory", files[0]);
  return { files, encode: (options) => encodeModel(graph, options) };
}

/** Recomputes what `options.recompute` allows. */
function recomputed(
  program: Program,
  traced: Traced,
  frozen: readonly (Constant | ConstantArray | undefined)[],
  { recompute: starts }: CompileOptions,
): Program {
  if (starts === undefined) return program;
  const places = traced.rebuild([...program.outputs.keys()]);
  const isPlace = (x: unknown): x is number => typeof x === "number";
  const forward = leavesWithPaths<number>(places, isPlace).filter(([path]) =>
    starts.some((start) => path === start || path.startsWith(`${start}.`)),
  );
  return recompute(
    program,
    forward.map(([, place]) => program.outputs[place]),
    new Set(program.inputs.flatMap(({ id }, i) => (frozen[i] ? [id] : []))),
  );
}

interface Runner {
  readonly loaded: Loaded;
  readonly place: ArrayPlace;
  readonly can: Capabilities;
  readonly inputs: readonly { readonly variable: Var; readonly name: string; readonly path: string }[];
  readonly outputs: readonly Omit<Wanted, "into">[];
  readonly rebuild: <L>(leaves: readonly L[]) => Tree<L>;
  readonly times: CompileTimes;
  readonly bytes: number;
  readonly writesOverState: boolean;
}

function programOver<Out>(runner: Runner): CompiledProgram<Out> {
  return {
    times: runner.times,
    bytes: runner.bytes,
    place: runner.place,
    writesOverState: runner.writesOverState,
    run: async (...args) => runner.rebuild(await runInto(runner, leavesOf(args), [])) as Out,
    runInto: async (into, ...args) => runner.rebuild(await runInto(runner, leavesOf(args), into)) as Out,
    dispose: () => runner.loaded.release(),
  };
}

/** Constants of the closure first, then one entry per argument leaf. */
function frozenValues(
  constants: readonly Constant[],
  example: readonly Tree<ArraySpec>[],
  frozen: readonly number[],
) {
  const args = example.flatMap((tree, i) => {
    const leaves = leavesWithPaths<ArraySpec>(tree, isLeaf);
    return leaves.map(([path, leaf]) => (frozen.includes(i) ? withValues(leaf, i, path) : undefined));
  });
  return [...constants, ...args];
}

function withValues(leaf: ArraySpec, argument: number, path: string): ConstantArray {
  if ("data" in leaf || "file" in leaf || "bits" in leaf) return leaf as ConstantArray;
  throw new TypeError(`compile: frozen argument ${argument}: ${path} must hold values, got a shape only`);
}

function argumentPaths(example: readonly Tree<ArraySpec>[], frozen: readonly number[]): string[] {
  return example.flatMap((tree, i) => {
    if (frozen.includes(i)) return [];
    return leavesWithPaths<ArraySpec>(tree, isLeaf, `argument ${i}`).map(([path]) => path);
  });
}

function lowerOrExplain<T>(action: () => T, fn: ArrayFunction, example: readonly Tree<ArraySpec>[]): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof UnsupportedEquation)
      error.message += `; traced at ${findOrigin(fn, example, error.equation)}`;
    throw error;
  }
}

function leavesOf(trees: readonly unknown[]): RuntimeArray[] {
  const isArray = isLeaf as (x: unknown) => x is RuntimeArray;
  return trees.flatMap((tree) =>
    leavesWithPaths<RuntimeArray>(tree as Tree<RuntimeArray>, isArray).map(([, leaf]) => leaf),
  );
}

/** Runs with the first outputs written into `into`. */
async function runInto(
  runner: Runner,
  args: readonly RuntimeArray[],
  into: readonly RuntimeArray[],
): Promise<readonly RuntimeArray[]> {
  if (args.length !== runner.inputs.length) {
    throw new TypeError(`run: arguments must have ${runner.inputs.length} arrays in all, got ${args.length}`);
  }
  const feeds = new Map<string, RuntimeArray>();
  runner.inputs.forEach(({ name, variable, path }, i) => {
    checkArgument(args[i], variable, path);
    feeds.set(name, args[i]);
  });
  const isWritten = (array: RuntimeArray | undefined) =>
    array !== undefined && (runner.can.inPlace || isOnDevice(array));
  const wanted = runner.outputs.map(
    (output, i): Wanted => (isWritten(into[i]) ? { ...output, into: into[i] } : output),
  );
  const results = await runner.loaded.run(feeds, wanted);
  return results.map((result, i) => (into[i] ? filled(into[i], result) : result));
}

/** The array with the values of a result: `into`, which may be written already, or a new one on the device. */
function filled(into: RuntimeArray, result: RuntimeArray): RuntimeArray {
  if (isOnDevice(into) || isOnDevice(result)) return result;
  if (into !== result) into.data.set(result.data);
  return into;
}

function checkArgument(array: RuntimeArray, variable: Var, path: string): void {
  const want = `${variable.dtype}[${variable.shape}]`;
  const got = `${array.dtype}[${array.shape}]`;
  if (want !== got) throw new TypeError(`run: ${path} must be ${want}, got ${got}`);
}

/** Where arrays can stay from run to run on this machine. */
export function arrayPlace(machine: Machine = {}): ArrayPlace {
  return placeOf(runtimeOf(machine), machine);
}

/** What runs programs on this machine. */
function runtimeOf({ runtime }: Machine): Runtime {
  return runtime ?? platformRuntime;
}
