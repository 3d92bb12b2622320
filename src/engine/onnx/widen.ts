/** Weights are widened for each product that reads them, and given back after it. */

import { sizeOf } from "../host.ts";
import type { Graph, Node, Value } from "./graph.ts";

/** Fewer elements than this may stay. */
const least = 2 ** 16;

/**
 * Large values that are made of constants alone, stored weights among them, are made again for every node that reads
 * them. Made once they would be held from the forward pass to the end of the backward pass: all weights of the model
 * in float32 at the same time. What is made of other constants ONNX Runtime computes once, when it loads the graph.
 */
export function widenForEachReader(graph: Graph): Graph {
  const constants = new Set(graph.constants.map(({ value }) => value.name));
  const stored = new Set(graph.constants.flatMap(({ value, untouched }) => (untouched ? [value.name] : [])));
  /** Nodes that read constants only, by the stored values that they make. */
  const makers = new Map<string, Node>();
  const read = new Set<string>();
  let copies = 0;
  const nodes: Node[] = [];
  const copy = (value: Value): Value => {
    const maker = makers.get(value.name);
    if (maker === undefined || sizeOf(value.shape) < least) return value;
    copies++;
    const outputs = maker.outputs.map((output) => ({ ...output, name: `${output.name}_${copies}` }));
    nodes.push({ ...maker, inputs: maker.inputs.map(copy), outputs });
    return outputs[maker.outputs.findIndex(({ name }) => name === value.name)];
  };
  const own = (value: Value): Value => {
    if (read.has(value.name)) return copy(value);
    if (makers.has(value.name)) read.add(value.name);
    return value;
  };
  for (const node of graph.nodes) {
    if (node.inputs.every(({ name }) => constants.has(name))) {
      const isStored = node.inputs.some(({ name }) => stored.has(name) || makers.has(name));
      for (const { name } of node.outputs) {
        constants.add(name);
        if (isStored) makers.set(name, node);
      }
      nodes.push(node);
    } else {
      const inputs = node.inputs.map(own);
      nodes.push({ ...node, inputs });
    }
  }
  return { ...graph, nodes };
}
