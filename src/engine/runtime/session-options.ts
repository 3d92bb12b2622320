/** Options of ONNX Runtime's sessions, the same in Node and in a page. */
import type { Machine } from "./runtime.ts";

/** What the machine gives as `session` takes precedence. `folds`: see `Model.folds`. */
export function sessionOptions({ session = {}, arena = false }: Machine, folds = false) {
  const { extra, ...given } = session as { readonly extra?: Readonly<Record<string, unknown>> };
  return {
    graphOptimizationLevel: "all",
    // Measured on a training step: the memory pattern doubles the peak and is no faster.
    enableMemPattern: false,
    enableCpuMemArena: arena,
    logSeverityLevel: 4, // What fails is thrown, as one line.
    ...given,
    extra: {
      ...extra,
      // Threads of a program that has ended otherwise look for work for milliseconds more, on cores that the next program needs.
      session: { force_spinning_stop: "1", ...(extra?.session as object) },
      // Disabled optimisers would merge a gate, which is a reshape, with the reshape behind it, and drop what the gate waits for;
      // weights that are widened for each product, so that all of them are held to the end; and take transposes that were made
      // on purpose back into products.
      // What is folded is held: a gradient's zeros, as large as the embeddings, are made when they are needed instead.
      optimization: {
        constant_folding_max_output_size_in_bytes: folds ? "0" : `${2 ** 20}`, // 0: any size
        disable_specified_optimizers: "ReshapeFusion;CommonSubexpressionElimination;MatmulTransposeFusion",
        ...(extra?.optimization as object),
      },
    },
  } as const;
}
