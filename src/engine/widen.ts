/** Weights are widened for each product that reads them, and given back after it. */
import type { Graph, Node, Value } from "./graph.ts";
import { sizeOf } from "./host.ts";

/** Fewer elements than this may stay. */
const least = 2 ** 16;

/**
 * Large values that are made of constants alone, as widened weights are, are made again for every node that reads
 * them. Made once they would be held from the forward pass to the end of the backward pass: all weights of the model
 * in float32 at the same time.
 */
export function widenForEachReader(graph: Graph): Graph {
  const constants = new Set(graph.constants.map(({ value }) => value.name));
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
    if (node.inputs.every(({ name }) => constants.has(name) || makers.has(name))) {
      for (const { name } of node.outputs) makers.set(name, node);
      nodes.push(node);
    } else {
      const inputs = node.inputs.map(own);
      nodes.push({ ...node, inputs });
    }
  }
  return { ...graph, nodes };
}
