/** Whether a graph may write results over its own inputs: a step's new state over the old one. */
import { sizeOf } from "../host.ts";
import type { Graph, Node, Value } from "./graph.ts";

/** Operations that give their first operand's elements in another form. */
const aliasing = new Set(["Reshape", "Identity", "Squeeze", "Unsqueeze", "Flatten"]);

/** Operations that read an element of an operand of the result's shape just before they write that element. */
const elementwise = new Set(["Add", "Sub", "Mul", "Div", "Min", "Max", "Neg", "Sqrt", "Where"]);

/**
 * Whether result i may share the memory of input i, for all pairs: all that depends on the input, as far as the node that computes
 * the result, runs before that node and works element by element. What runs before is not enough: ONNX Runtime makes one
 * node of a product and the sum or scale behind it, which then reads the input while it writes over it.
 */
export function mayOverwrite(
  graph: Graph,
  pairs: readonly (readonly [input: Value, output: Value])[],
): boolean {
  const producers = new Map(graph.nodes.flatMap((node) => node.outputs.map(({ name }) => [name, node])));
  const readers = readersOf(graph);
  return pairs.every(([input, output]) => {
    const writer = makerOf(output, producers);
    if (writer === undefined) return false;
    const upToWriter = ancestorsOf(writer, producers).add(writer);
    const dependent = [...dependentOn(input, writer, readers)];
    return dependent.every((node) => upToWriter.has(node) && keepsPlaces(node, input));
  });
}

/** The node that computes a value, which others may hand on in another form. */
function makerOf(value: Value, producers: ReadonlyMap<string, Node>): Node | undefined {
  const node = producers.get(value.name);
  const earlier = node && aliasing.has(node.op) ? makerOf(node.inputs[0], producers) : undefined;
  return earlier ?? node;
}

function readersOf({ nodes }: Graph): ReadonlyMap<string, readonly Node[]> {
  const readers = new Map<string, Node[]>();
  for (const node of nodes)
    for (const { name } of new Set(node.inputs)) readers.set(name, [...(readers.get(name) ?? []), node]);
  return readers;
}

/** Nodes that read a value, or what is made of it, as far as `last`. */
function dependentOn(
  value: Value,
  last: Node,
  readers: ReadonlyMap<string, readonly Node[]>,
): ReadonlySet<Node> {
  const found = new Set<Node>();
  const open = [value];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const node of readers.get(next.name) ?? []) {
      if (node !== last && !found.has(node)) open.push(...node.outputs);
      found.add(node);
    }
  }
  return found;
}

/** Nodes that must have run before this one. */
function ancestorsOf(node: Node, producers: ReadonlyMap<string, Node>): Set<Node> {
  const found = new Set<Node>();
  const open = [node];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const { name } of next.inputs) {
      const maker = producers.get(name);
      if (maker === undefined || found.has(maker)) continue;
      found.add(maker);
      open.push(maker);
    }
  }
  return found;
}

/** Whether each element of a node's result is made of what stands at its own place in memory. */
function keepsPlaces({ op, domain, inputs, outputs: [output] }: Node, input: Value): boolean {
  const isSame = ({ shape }: Value) => shape.join() === output.shape.join();
  const isPlain = elementwise.has(op) && inputs.every((x) => isSame(x) || x.shape.length === 0);
  return domain === "" && sizeOf(output.shape) === sizeOf(input.shape) && (isPlain || aliasing.has(op));
}
