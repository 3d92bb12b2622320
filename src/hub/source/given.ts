/** What a caller may give in the place of a {@link Source}. */
import type { Source } from "../source.ts";

/** A source as it is, or by a text: a folder's path on a machine, an address in a page. */
export type GivenSource = Source | string;

/** What `#source` exports, on a machine and in a page. */
export interface SourceMaker {
  sourceOf(given: GivenSource): Source;
  /** One file by its path or address, as its source and its name there. */
  fileOf(given: string): SourceFile;
}

/** A file of a source. */
export interface SourceFile {
  readonly source: Source;
  readonly path: string;
}
