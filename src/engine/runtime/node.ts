/** From a graph to an ONNX Runtime session. */
import { realpath } from "node:fs/promises";
import { parse, relative, resolve } from "node:path";
import * as ort from "onnxruntime-node";
import { encodeModel } from "../onnx/encode.ts";
import type { Graph } from "../onnx/graph.ts";
import { isFileRange } from "../onnx/graph.ts";

export interface SessionSettings {
  /** Threads of one operation; default: ONNX Runtime's choice, the number of cores. */
  readonly threads?: number;
  /** Further options of ONNX Runtime's session, for profiling and experiments. */
  readonly session?: ort.InferenceSession.SessionOptions;
}

export async function createSession(graph: Graph, settings: SessionSettings): Promise<ort.InferenceSession> {
  const options = optionsOf(settings);
  const paths = graph.constants.flatMap(({ data }) => (isFileRange(data) ? [data.path] : []));
  if (paths.length === 0) return ort.InferenceSession.create(encodeModel(graph), options);
  const real = await realPaths(paths);
  // External data is named relative to a folder that must hold it, links followed: the root holds everything.
  const { root } = parse(resolve(paths[0]));
  const located = (path: string) => relative(root, real.get(path) as string);
  const entries = {
    ...(options.extra?.session as object),
    model_external_initializers_file_folder_path: root,
  };
  const extra = { ...options.extra, session: entries };
  return ort.InferenceSession.create(encodeModel(graph, located), { ...options, extra });
}

async function realPaths(paths: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const unique = [...new Set(paths)];
  return new Map(await Promise.all(unique.map(async (path) => [path, await realpath(path)] as const)));
}

function optionsOf({ threads, session }: SessionSettings): ort.InferenceSession.SessionOptions {
  return {
    graphOptimizationLevel: "all",
    // Measured on a training step: the memory pattern doubles the peak, the arena adds a tenth; neither is faster.
    enableMemPattern: false,
    enableCpuMemArena: false,
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    logSeverityLevel: 3,
    ...session,
    extra: {
      ...session?.extra,
      // They would merge a gate, which is a reshape, with the reshape behind it, and drop what the gate waits for; and
      // weights that are widened for each product, so that all of them are held to the end.
      optimization: {
        disable_specified_optimizers: "ReshapeFusion;CommonSubexpressionElimination",
        ...(session?.extra?.optimization as object),
      },
    },
  };
}
