/** What the fuzzer knows of a reader: how its sound files are made, and how they are read. */

/** Files by their paths in a folder. */
export type Files = Readonly<Record<string, Uint8Array>>;

/** Sound input, which the fuzzer damages. */
export interface Seed {
  readonly files: Files;
  /** Files that are there for the others to name, and stay as they are. */
  readonly kept?: readonly string[];
}

/** Where a case is read. Both folders are its own and empty before it. */
export interface Place {
  /** Holds the damaged files. */
  readonly folder: string;
  /** May be written, as may everything in it; nothing else may. */
  readonly out: string;
}

export interface Reader {
  readonly seeds: () => Promise<readonly Seed[]>;
  /** Reads the files as the toolkit does, so far that everything in them is looked at. */
  readonly read: (place: Place) => unknown;
  /** Cases for each case of a usual reader: less than 1 for one that takes long. */
  readonly share?: number;
  /** The message of an error that refuses in good order; undefined for any other. Default: a UserError's. */
  readonly refusal?: (error: unknown) => string | undefined;
  /** Whether a refusal may have a line for each mistake. */
  readonly lines?: boolean;
}
