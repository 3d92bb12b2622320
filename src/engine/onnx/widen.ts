/** Weights are widened for each product that reads them, or for a few that follow each other, and given back after it. */

import { sizeOf } from "../host.ts";
import type { Graph, Node, Value } from "./graph.ts";

/** Fewer elements than this may stay. */
const least = 2 ** 16;

/**
 * Readers with fewer nodes than this between them share what was widened: those of one layer on some images after the others,
 * which are 25 to 60 apart. A layer's forward and backward pass are hundreds apart in all layers but the last.
 */
const near = 64;

/** But none of more elements, 32 MiB in float32. */
const mostShared = 2 ** 23;

/**
 * Large values that are made of constants alone, stored weights among them, are made again for every node that reads
 * them, unless the reader before it is {@link near}. Made once they would be held from the forward pass to the end of the backward pass: all weights of the model
 * in float32 at the same time. What is made of other constants ONNX Runtime computes once, when it loads the graph.
 */
export function widenForEachReader(graph: Graph): Graph {
  const constants = new Set(graph.constants.map(({ value }) => value.name));
  const stored = new Set(graph.constants.flatMap(({ value, untouched }) => (untouched ? [value.name] : [])));
  /** Nodes that read constants only, by the stored values that they make. */
  const makers = new Map<string, Node>();
  /** By the value that was made first: what was read last, and by which of the reading nodes. */
  const latest = new Map<string, { readonly value: Value; readonly at: number }>();
  let at = 0;
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
    if (!makers.has(value.name)) return value;
    const last = latest.get(value.name);
    const isShared = last !== undefined && at - last.at < near && sizeOf(value.shape) <= mostShared;
    const again = last === undefined ? value : isShared ? last.value : copy(value);
    latest.set(value.name, { value: again, at });
    return again;
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
      at++;
      const inputs = node.inputs.map(own);
      nodes.push({ ...node, inputs });
    }
  }
  return { ...graph, nodes };
}
