/** Whether a graph may write results over its own inputs: a step's new state over the old one. */
import type { Graph, Node, Value } from "./graph.ts";

/** Operations whose result may lie in the memory of their first operand. */
const aliasing = new Set(["Reshape", "Identity", "Squeeze", "Unsqueeze", "Flatten"]);

/** Operations that read an element of an operand of the result's shape just before they write that element. */
const elementwise = new Set(["Add", "Sub", "Mul", "Div", "Min", "Max", "Neg", "Sqrt", "Identity"]);

/**
 * Whether result i may share the memory of input i, for all pairs: whoever reads the input runs before the result is
 * written, or is the elementwise operation that writes it.
 */
export function mayOverwrite(
  graph: Graph,
  pairs: readonly (readonly [input: Value, output: Value])[],
): boolean {
  const producers = new Map(graph.nodes.flatMap((node) => node.outputs.map(({ name }) => [name, node])));
  const readers = readersOf(graph);
  return pairs.every(([input, output]) => {
    const writer = producers.get(output.name);
    if (writer === undefined) return false;
    const earlier = ancestorsOf(writer, producers);
    return readersThrough(input, readers).every(
      (reader) => earlier.has(reader) || (reader === writer && writesInPlace(writer, output)),
    );
  });
}

function readersOf({ nodes }: Graph): ReadonlyMap<string, readonly Node[]> {
  const readers = new Map<string, Node[]>();
  for (const node of nodes)
    for (const { name } of new Set(node.inputs)) readers.set(name, [...(readers.get(name) ?? []), node]);
  return readers;
}

/** Those that read a value or its memory under another name. */
function readersThrough(value: Value, readers: ReadonlyMap<string, readonly Node[]>): readonly Node[] {
  return (readers.get(value.name) ?? []).flatMap((node) =>
    aliasing.has(node.op) && node.inputs[0].name === value.name
      ? [node, ...readersThrough(node.outputs[0], readers)]
      : [node],
  );
}

/** Nodes that must have run before this one. */
function ancestorsOf(node: Node, producers: ReadonlyMap<string, Node>): ReadonlySet<Node> {
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

function writesInPlace({ op, domain, inputs }: Node, output: Value): boolean {
  const isSame = ({ shape }: Value) => shape.join() === output.shape.join();
  return (
    domain === "" && elementwise.has(op) && inputs.every((input) => isSame(input) || input.shape.length === 0)
  );
}
