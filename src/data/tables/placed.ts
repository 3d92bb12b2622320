/** A value of a file and where it stands: "train.jsonl, line 3". */
export interface Placed<T = unknown> {
  readonly place: string;
  readonly value: T;
}

/** A line or a cell that cannot be read; the rows after it can. */
export interface Unread {
  readonly place: string;
  readonly problem: string;
}
