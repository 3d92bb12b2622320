/** Seeded random numbers, the same on every machine. */
import { cos, log } from "./portable-math.ts";

/** Where a source stands: four 32-bit words. */
export type RandomState = readonly [number, number, number, number];

/** A seeded source of random numbers whose state can be saved, and restored by `randomAt`. */
export interface Random {
  state(): RandomState;
  /** Uniform in [0, 1), 32 random bits. */
  uniform(): number;
  /** Uniform integer in [0, below). */
  integer(below: number): number;
  /** Standard normal (Box-Muller). */
  normal(): number;
  /** One element, uniformly. */
  pick<T>(items: readonly T[]): T;
  /** A new array with the items in random order (Fisher-Yates). */
  shuffle<T>(items: readonly T[]): T[];
}

/**
 * Counter-free 128-bit generator sfc32 (PractRand; public domain), seeded by hashing `seeds` so that nearby
 * seeds give unrelated streams. `random(seed, i)` is the stream of item i: any worker can make it alone.
 */
export function random(...seeds: readonly (number | string)[]): Random {
  const source = sfc32(hash(seeds.join("/")));
  for (let i = 0; i < 12; i++) source.next();
  return drawing(source);
}

/** The source that goes on where another stood. */
export function randomAt(state: RandomState): Random {
  return drawing(sfc32(state));
}

function drawing({ next, state }: Words): Random {
  const uniform = () => next() / 4294967296;
  const integer = (below: number) => Math.floor(uniform() * below);
  return {
    state,
    uniform,
    integer,
    normal: () => Math.sqrt(-2 * log(1 - uniform())) * cos(2 * Math.PI * uniform()),
    pick: (items) => items[integer(items.length)],
    shuffle(items) {
      const result = [...items];
      for (let i = result.length - 1; i > 0; i--) {
        const j = integer(i + 1);
        [result[i], result[j]] = [result[j], result[i]];
      }
      return result;
    },
  };
}

/** Four 32-bit words from a text (FNV-1a with four offsets, each finished by murmur3's mixer). */
function hash(text: string): [number, number, number, number] {
  const word = (offset: number) => {
    let h = 2166136261 ^ offset;
    for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16777619);
    h = Math.imul(h ^ (h >>> 16), 2246822507);
    h = Math.imul(h ^ (h >>> 13), 3266489909);
    return (h ^ (h >>> 16)) >>> 0;
  };
  return [word(0), word(0x9e3779b9), word(0x3c6ef372), word(0x5bd1e995)];
}

/** A generator of 32-bit words. */
interface Words {
  next(): number;
  state(): RandomState;
}

function sfc32([a, b, c, d]: RandomState): Words {
  const next = () => {
    const sum = (a + b + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  };
  return { next, state: () => [a >>> 0, b >>> 0, c >>> 0, d >>> 0] };
}
