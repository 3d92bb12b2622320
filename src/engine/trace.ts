/** The seam to jax-js: runs a function on abstract values and reads the equations it wrote. */
import * as jax from "@jax-js/jax";
import { type NdArray, releaseAll, tracked } from "./array.ts";
import type { ArraySpec, DType, HostArray, Tree, TypedArrays } from "./host.ts";
import { isLeaf } from "./host.ts";
import type { Constant, Equation, Operand, Program, Var } from "./ir.ts";
import { isLiteral, literal } from "./ir.ts";
import { trimJaxCaches } from "./jax-caches.ts";

/** A function over trees of arrays, as the engine sees it. */
export type ArrayFunction = (...args: never[]) => unknown;

export interface Traced {
  /** Inputs are the constants that the function closed over, then the leaves of its arguments. */
  readonly program: Program;
  readonly constants: readonly Constant[];
  /** Rebuilds the function's result from its leaves. */
  readonly rebuild: <L>(leaves: readonly L[]) => Tree<L>;
}

// What the compiler reads of jax-js's own classes, which it does not export.
interface Aval {
  readonly shape: readonly number[];
  readonly dtype: string;
}
interface JaxprAtom {
  readonly aval: Aval;
  readonly id?: number;
  readonly value?: number | boolean;
}
interface JaxprEquation {
  readonly primitive: string;
  readonly inputs: readonly JaxprAtom[];
  readonly params: Record<string, unknown>;
  readonly outBinders: readonly JaxprAtom[];
}
interface FlatJaxpr {
  readonly inBinders: readonly JaxprAtom[];
  readonly eqns: readonly JaxprEquation[];
  readonly outs: readonly JaxprAtom[];
}

/** A leaf that has a shape and a type and no values; not a plain object, which would be a subtree. */
class Abstract {
  readonly shape: number[];
  readonly dtype: DType;
  readonly weakType = false;
  constructor(spec: ArraySpec) {
    this.shape = [...spec.shape];
    this.dtype = spec.dtype;
  }
}

// jax-js types trees by its own JsTree, which interfaces do not fit.
const makeJaxpr = jax.makeJaxpr as unknown as (
  fn: ArrayFunction,
) => (...args: unknown[]) => { jaxpr: jax.ClosedJaxpr; treedef: jax.JsTreeDef };

let ready: Promise<void> | undefined;

/** jax-js's devices, once for the process; gradients in float64 need `cpu`. */
export async function initTracing(): Promise<void> {
  ready ??= jax.init("cpu", "wasm").then(() => {});
  await ready;
}

/** Runs with jax-js's wasm device as the default, which is then as it was. */
function onWasm<T>(run: () => T): T {
  const before = jax.defaultDevice();
  jax.defaultDevice("wasm");
  try {
    return run();
  } finally {
    jax.defaultDevice(before);
  }
}

export async function trace(fn: ArrayFunction, example: readonly Tree<ArraySpec>[]): Promise<Traced> {
  await initTracing();
  onWasm(trimJaxCaches);
  const args = example.map((tree) => mapLeaves(tree, isLeaf, (leaf) => new Abstract(leaf)));
  const { result: traced, arrays } = tracked(() => alone(() => makeJaxpr(fn)(...args)));
  const { jaxpr: closed, treedef } = traced;
  // jax-js does not export the classes of its equations.
  const flat = closed.jaxpr.flatten().simplify() as unknown as FlatJaxpr;
  const program = toProgram(flat);
  const constants = await takeConstants(closed.consts as readonly unknown[] as readonly jax.Array[], program);
  releaseAll(arrays);
  return { program, constants, rebuild: rebuilder(treedef) };
}

/** A function of its own, so that it holds nothing but the form of the result. */
function rebuilder(treedef: jax.JsTreeDef): Traced["rebuild"] {
  // jax-js types leaves as its own arrays; here they may be anything.
  return (leaves) => jax.tree.unflatten(treedef, leaves as never) as never;
}

/** An interpreter on jax-js's stack: 0 is the one that computes. */
interface Main extends Disposable {
  readonly level: number;
}

/**
 * Runs a trace and takes from jax-js's stack of interpreters what the trace leaves there: each gradient leaves one, which
 * holds all that was traced, some megabytes (`partialEvalFlat` of version 0.1.25 never takes its own off).
 */
function alone<T>(run: () => T): T {
  try {
    return onWasm(run);
  } finally {
    const last = lastMain();
    for (let { level } = last; level > 1; level--) last[Symbol.dispose]();
  }
}

/** The interpreter that a trace gets now; its end takes one off the stack, whichever is on top. */
function lastMain(): Main {
  let main: Main | undefined;
  const noteMain = (x: unknown) => {
    main = (x as { readonly _trace: { readonly main: Main } })._trace.main;
    return x;
  };
  makeJaxpr(noteMain as ArrayFunction)(new Abstract({ shape: [], dtype: "float32" }));
  return main as Main | undefined as Main;
}

/** Shapes and types of what `fn` gives for such arguments, without computing anything. */
export async function resultSpecs(
  fn: ArrayFunction,
  example: readonly Tree<ArraySpec>[],
): Promise<Tree<ArraySpec>> {
  const { program, rebuild } = await trace(fn, example);
  return rebuild(program.outputs.map(({ shape, dtype }): ArraySpec => ({ shape, dtype })));
}

export function mapLeaves<L, M>(
  tree: Tree<L>,
  isTreeLeaf: (x: unknown) => x is L,
  f: (leaf: L) => M,
): Tree<M> {
  if (isTreeLeaf(tree)) return f(tree);
  if (Array.isArray(tree)) return tree.map((child) => mapLeaves(child as Tree<L>, isTreeLeaf, f));
  const entries = Object.entries(tree as Record<string, Tree<L>>);
  return Object.fromEntries(entries.map(([key, child]) => [key, mapLeaves(child, isTreeLeaf, f)]));
}

/**
 * Reads the constants that the program uses, one after the other: automatic differentiation leaves dozens of
 * large arrays of zeros that nothing reads, which exist only once they are asked for.
 */
async function takeConstants(values: readonly jax.Array[], program: Program): Promise<Constant[]> {
  const used = new Set(
    [...program.equations.flatMap(({ inputs }) => inputs), ...program.outputs].map((operand) =>
      isLiteral(operand) ? undefined : operand.id,
    ),
  );
  const constants: Constant[] = [];
  for (const [i, value] of values.entries()) {
    const input = program.inputs[i];
    constants.push(used.has(input.id) ? await readConstant(value) : literal(0, input));
    value.dispose();
  }
  return constants;
}

async function readConstant(value: jax.Array): Promise<Constant> {
  const array = await toHost(value);
  const [first] = array.data;
  const uniform = array.data.length > 0 && array.data.every((x: number) => x === first);
  return uniform ? literal(first, array) : array;
}

/** Copies a concrete jax-js array to the host. */
export async function toHost(array: NdArray): Promise<HostArray> {
  const dtype = array.dtype as unknown as DType; // jax-js has an enum of its own for the same words.
  const data = (await array.ref.data()) as TypedArrays[DType];
  return {
    dtype,
    shape: [...array.shape],
    data: dtype === "bool" ? Uint8Array.from(data, (x) => (x ? 1 : 0)) : data,
  };
}

function toProgram(jaxpr: FlatJaxpr): Program {
  return {
    inputs: jaxpr.inBinders.map(toVar),
    equations: jaxpr.eqns.map(
      (eqn): Equation => ({
        primitive: eqn.primitive,
        inputs: eqn.inputs.map(toOperand),
        params: eqn.params,
        outputs: eqn.outBinders.map(toVar),
      }),
    ),
    outputs: jaxpr.outs.map(toOperand),
  };
}

function toVar(atom: JaxprAtom): Var {
  return { id: atom.id as number, shape: atom.aval.shape, dtype: atom.aval.dtype as DType };
}

function toOperand(atom: JaxprAtom): Operand {
  if (atom.id !== undefined) return toVar(atom);
  return { value: Number(atom.value), dtype: atom.aval.dtype as DType, shape: [] };
}

/**
 * Traces again and notes for every equation the line of user code that wrote it: slow, for error messages.
 * Returns the first such line for a primitive with these output shapes.
 */
export function findOrigin(
  fn: ArrayFunction,
  example: readonly Tree<ArraySpec>[],
  equation: Equation,
): string {
  const wanted = `${equation.primitive} ${equation.outputs.map((v) => v.shape.join()).join(";")}`;
  let origin = "unknown place";
  const spy = (...args: never[]) => {
    const restore = watchEquations(args, (signature) => {
      if (origin === "unknown place" && signature === wanted) origin = callSite();
    });
    try {
      return fn(...args);
    } finally {
      restore();
    }
  };
  const args = example.map((tree) => mapLeaves(tree, isLeaf, (leaf) => new Abstract(leaf)));
  releaseAll(tracked(() => alone(() => makeJaxpr(spy)(...args))).arrays);
  return origin;
}

type Process = (primitive: string, tracers: unknown, params: unknown) => { aval: Aval }[];

function watchEquations(args: unknown, report: (signature: string) => void): () => void {
  // jax-js does not export its tracers.
  const tracer = jax.tree.leaves(args as never)[0] as unknown as { _trace: object } | undefined;
  if (tracer === undefined) return () => {};
  const prototype = Object.getPrototypeOf(tracer._trace) as { processPrimitive: Process };
  const original = prototype.processPrimitive;
  prototype.processPrimitive = function (this: unknown, primitive, tracers, params) {
    const outs = original.call(this, primitive, tracers, params);
    report(`${primitive} ${outs.map((out) => out.aval.shape.join()).join(";")}`);
    return outs;
  };
  return () => {
    prototype.processPrimitive = original;
  };
}

const engineFolder = new URL(".", import.meta.url);
/** As frames of a stack name it: by its address or by its path. */
const engineNames = [engineFolder.href, decodeURIComponent(engineFolder.pathname)];

/** The innermost place in the code that is neither jax-js nor the engine. */
function callSite(): string {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 60; // Gradients of gradients stack a dozen frames of jax-js for each call.
  const frames = (new Error().stack ?? "").split("\n").slice(1);
  Error.stackTraceLimit = limit;
  const frame = frames.find(
    (line) => !engineNames.some((name) => line.includes(name)) && !/@jax-js|node:internal/.test(line),
  );
  return frame?.replace(/^\s*at\s+/, "") ?? "unknown place";
}
