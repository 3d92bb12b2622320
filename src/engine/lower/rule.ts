import type { Equation } from "../ir.ts";
import type { GraphBuilder } from "../onnx/graph.ts";
import type { View } from "./view.ts";

/** Lowers one equation: views of its inputs to views of its outputs. */
export type Rule = (g: GraphBuilder, inputs: readonly View[], equation: Equation) => readonly View[];
