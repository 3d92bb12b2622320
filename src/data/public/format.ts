/** The interface of a published form: rows, read one by one. */
import type { Concept, Question } from "../example.ts";
import type { Tally, TallySummary } from "./tally.ts";

/** A published form of data, read lazily: one file each, one line in the registry. */
export interface PublicFormat {
  /** One line for people. */
  readonly description: string;
  /** What the path leads to, for the help. */
  readonly path: string;
  /** Where the data is published and under which licence, for the data card. */
  readonly origin: string;
  /** The options it heeds. */
  readonly options: readonly (keyof FormatOptions)[];
  read(source: Source): AsyncIterable<PublicRow>;
}

/** What is read, and how. */
export interface Source {
  /** A file, or a folder of them. */
  readonly path: string;
  /** The folder of pictures; that of the file when left out. */
  readonly images?: string;
  readonly options: FormatOptions;
  readonly tally: Tally;
}

export interface FormatOptions {
  /** Only rows of this split of the file. */
  readonly split?: string;
  /** COCO's annotations of the pictures, for referring expressions. */
  readonly instances?: string;
  /** Takes COCO's crowds as objects; without it what a crowd is part of is not asked. */
  readonly crowd?: boolean;
  /** The unit of boxes that say nothing of it themselves. */
  readonly boxes?: BoxUnit;
  /** Folder that keeps downloaded pictures. */
  readonly cache?: string;
  /** Downloads at a time. */
  readonly concurrency?: number;
  /** The largest picture that is downloaded, in bytes. */
  readonly maxBytes?: number;
}

/** Pixels of the picture, thousandths of its sides, or shares of them. */
export const boxUnits = ["real", "norm1000", "norm1"] as const;
export type BoxUnit = (typeof boxUnits)[number];

/** A picture on disk, or the bytes of its file. */
export type Picture = { readonly file: string } | { readonly bytes: Uint8Array };

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** An example that is not yet in the project's form: its picture is where it was found. */
export interface PublicRow {
  /** File and row, for errors. */
  readonly place: string;
  readonly id: string;
  readonly picture: Picture;
  /** The size that the data says the picture has; checked against the picture. */
  readonly size?: Size;
  readonly questions: readonly Question[];
  readonly concepts: readonly Concept[];
  /** How many rows of each list of the data it was made from; one of "rows" when left out. The first is its own. */
  readonly parts?: Readonly<Record<string, number>>;
}

/** What was imported. */
export interface Imported extends TallySummary {
  readonly folder: string;
  readonly rows: number;
  readonly images: number;
  /** By task. */
  readonly questions: Readonly<Record<string, number>>;
}
