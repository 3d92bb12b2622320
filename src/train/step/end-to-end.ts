/**
 * Small leaves laid end to end: AdamW takes a dozen passes over every array, and of those over a small one most of the time
 * goes to their beginning. Views say where each leaf lies, so that other programs see leaves and the optimiser sees blocks.
 */
import { type ArraySpec, float32, type HostArray, sizeOf } from "../../engine/host.ts";
import type { Named } from "./trees.ts";

/** Where leaves lie: each in a block, or a block of its own under its own name. */
export interface Blocks {
  /** Of joined blocks [size]. */
  readonly sizes: Named<number>;
  readonly places: Named<Place>;
}

interface Place {
  readonly block: string;
  /** Elements before it in a joined block; absent: the leaf is the block. */
  readonly start?: number;
  readonly shape: readonly number[];
}

/** Elements of a leaf that is joined at most, and of a block. */
const largestJoined = 2 ** 16;
const largestBlock = 2 ** 18;
/** Elements, 64 bytes: where leaves may begin. */
const alignment = 16;

/** Every leaf as it is. */
export function apart(leaves: Named<ArraySpec>): Blocks {
  const places = Object.entries(leaves).map(([name, { shape }]) => [name, { block: name, shape }]);
  return { sizes: {}, places: Object.fromEntries(places) };
}

/** Small float32 leaves with others of their `kind`. */
export function endToEnd(leaves: Named<ArraySpec>, kind: (name: string) => string): Blocks {
  const sizes: Record<string, number> = {};
  const places: Record<string, Place> = {};
  const counts: Record<string, number> = {};
  for (const [name, { shape, dtype }] of Object.entries(leaves)) {
    const room = Math.ceil(sizeOf(shape) / alignment) * alignment;
    if (room > largestJoined || dtype !== "float32") {
      places[name] = { block: name, shape };
      continue;
    }
    const own = kind(name);
    counts[own] ??= 0;
    if ((sizes[blockName(own, counts[own])] ?? 0) + room > largestBlock) counts[own]++;
    const block = blockName(own, counts[own]);
    const start = sizes[block] ?? 0;
    places[name] = { block, start, shape };
    sizes[block] = start + room;
  }
  return { sizes, places };
}

const blockName = (kind: string, index: number) => `joined ${kind} ${index}`;

/** Blocks of leaves: joined ones are new arrays with zeros between, the others the leaves themselves. */
export function joined(blocks: Blocks, leaves: Named<HostArray>): Named<HostArray> {
  const result: Record<string, HostArray> = {};
  for (const [block, size] of Object.entries(blocks.sizes)) result[block] = float32([size]);
  for (const [name, { block, start }] of Object.entries(blocks.places)) {
    if (start === undefined) result[block] = leaves[name];
    else (result[block].data as Float32Array).set(leaves[name].data as Float32Array, start);
  }
  return result;
}

/** The leaves in their order, of joined blocks as views. */
export function leavesOf<A extends ArraySpec>({ places }: Blocks, blocks: Named<A>): Named<A> {
  const leaves = Object.entries(places).map(([name, { block, start, shape }]) => {
    const whole = blocks[block];
    return [name, start === undefined ? whole : viewOf(whole, start, shape)];
  });
  return Object.fromEntries(leaves);
}

/** Only blocks on the host are joined. */
function viewOf<A extends ArraySpec>(block: A, start: number, shape: readonly number[]): A {
  const { data } = block as ArraySpec as HostArray;
  return { ...block, shape, data: data.subarray(start, start + sizeOf(shape)) };
}

/** `blocks` with the values of leaves: nothing is moved where they lie there. */
export function gathered(
  places: Blocks,
  blocks: Named<HostArray>,
  leaves: Named<HostArray>,
): Named<HostArray> {
  const here = leavesOf(places, blocks);
  const result: Record<string, HostArray> = { ...blocks };
  for (const [name, { block, start }] of Object.entries(places.places)) {
    if (start === undefined) result[block] = leaves[name];
    else if (leaves[name].data.buffer !== here[name].data.buffer) here[name].data.set(leaves[name].data);
  }
  return result;
}
