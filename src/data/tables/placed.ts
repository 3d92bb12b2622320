/** A value of a file and where it stands: "train.jsonl, line 3". */
export interface Placed<T = unknown> {
  readonly place: string;
  readonly value: T;
}

/** A line, a cell or a part of a file that cannot be read; the rows after it can. */
export interface Unread {
  readonly place: string;
  readonly problem: string;
  /** How many rows the part has, where it is one of several. */
  readonly rows?: number;
}
