/**
 * Questions answered in turns. Which of them are answered together follows from their order in the run alone, not from
 * how fast their pictures were read: the shapes of a pass, and so the last bits of its numbers, are then the same
 * whenever the same questions are asked.
 */
import type { AskPlace } from "./provider.ts";

interface Placed {
  readonly place?: AskPlace;
}

export interface Turns<T> {
  add(one: T): void;
  /** Resolves when nothing waits any more. */
  idle(): Promise<void>;
}

/** Milliseconds in which questions without a place gather. */
const GATHERING = 20;
/** Milliseconds without a new question after which one that is missing is no longer waited for: it was given up. */
const PATIENCE = 2000;

/** `size`: questions of a turn at most. `serve` must not reject. */
export function turnsOf<T extends Placed>(
  size: number,
  serve: (turn: readonly T[]) => Promise<void>,
): Turns<T> {
  let waiting: T[] = [];
  let running: Promise<void> | undefined;
  let arrived = Promise.withResolvers<"new">();
  const work = async () => {
    while (waiting.length > 0) {
      const { turn, whole } = lowestTurn(waiting, size);
      if (!whole && (await Promise.race([arrived.promise, after(patienceFor(turn))])) === "new") continue;
      const chosen = new Set(turn);
      waiting = waiting.filter((one) => !chosen.has(one));
      await serve(turn);
    }
    running = undefined;
  };
  return {
    add(one) {
      waiting.push(one);
      arrived.resolve("new");
      arrived = Promise.withResolvers();
      running ??= work();
    },
    idle: async () => running,
  };
}

/** The questions of the first turn that some wait for, in order, and whether all of them are there. */
function lowestTurn<T extends Placed>(waiting: readonly T[], size: number): { turn: T[]; whole: boolean } {
  const free = waiting.filter(({ place }) => place === undefined).slice(0, size);
  if (free.length > 0) return { turn: free, whole: free.length === size };
  const turnOf = ({ index, abreast }: AskPlace) => Math.floor(index / Math.min(size, abreast));
  const placed = waiting as readonly (T & { readonly place: AskPlace })[];
  const lowest = placed.reduce(
    (first, { place }) => Math.min(first, turnOf(place)),
    Number.POSITIVE_INFINITY,
  );
  const turn = placed
    .filter(({ place }) => turnOf(place) === lowest)
    .sort((a, b) => a.place.index - b.place.index);
  const { of, abreast } = turn[0].place;
  const width = Math.min(size, abreast);
  return { turn, whole: turn.length >= Math.min(width, of - lowest * width) };
}

function patienceFor(turn: readonly Placed[]): number {
  return turn[0].place === undefined ? GATHERING : PATIENCE;
}

function after(milliseconds: number): Promise<"late"> {
  return new Promise((resolve) => setTimeout(() => resolve("late"), milliseconds).unref());
}
