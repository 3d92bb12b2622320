/** What every source of a run's examples offers, whether they lie on disk or are made. */
import type { Example, ExampleRef } from "../../data/example.ts";
import type { HeldOut } from "../../data/held-out.ts";

/** The class of an example's shape, larger for longer rows: those of one class are put together. */
export type ClassOf = (example: ExampleRef) => Promise<number>;

export interface Source {
  /** The examples of one micro-batch of step `step` (from 0). */
  batch(step: number, micro: number, classOf: ClassOf): Promise<readonly Example[]>;
  /** Held-out examples, the same at every evaluation. */
  evaluation(batch: number, classOf: ClassOf): Promise<readonly Example[]>;
  /** Every text that a word tokenizer must know. */
  readonly words: readonly string[];
  /** Every concept word. */
  readonly concepts: readonly string[];
  /** The most concepts that an example can have. */
  readonly maxConcepts: number;
  /** Examples that show the usual sizes: all of a small folder, some of a large one or of scenes. */
  readonly sample: readonly ExampleRef[];
  /** A data set on disk; absent: examples are made without end. */
  readonly folder?: FolderData;
}

/** A data set on disk, with its pictures unread. */
export interface FolderData {
  /** As the config names it. */
  readonly name: string;
  readonly training: readonly ExampleRef[];
  /** Those that are evaluated: held out, of a folder of their own, or those of training where they are too few. */
  readonly evaluated: readonly ExampleRef[];
  /** Whether they are those of training, too few for any to be held out. */
  readonly evaluatesTraining: boolean;
  /** Which examples of the folder training leaves out. */
  readonly heldOut: HeldOut;
  /** What the maker of the data should know, a line each: columns that nobody reads, regions that look wrong. */
  readonly notices: readonly string[];
}
