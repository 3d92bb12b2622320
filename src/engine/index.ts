/**
 * `fovea/engine`: array functions in JAX's names, and the compiler that turns functions of them into programs.
 *
 * @module
 */

// Arrays: jax-js's functions, which here keep their arguments.
export {
  astype,
  indicator,
  lax,
  type NdArray,
  nn,
  np,
  slice,
  stopGradient,
  take,
  valueAndGrad,
} from "./array.ts";
// A function compiled for each shape that comes.
export {
  type CachedFunctions,
  type CachedProgram,
  type CacheOptions,
  cached,
  cachedFunctions,
} from "./cached.ts";
// A function compiled for one shape.
export {
  type CompiledProgram,
  type CompileOptions,
  type CompileTimes,
  compile,
} from "./compile.ts";
// Arrays in host memory, which programs take and give.
export {
  type ArraySpec,
  type ConstantArray,
  type DType,
  float32,
  type HostArray,
  int32,
  release,
  type Tree,
} from "./host.ts";
export type { ArrayFunction } from "./trace.ts";
