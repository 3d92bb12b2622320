/** An open model as the rooms of the page see it, wherever it runs. */
import type { Given, JobKind, ModelCard, Result } from "../jobs/job.ts";

export interface RunOptions {
  /** Aborted: the job is dropped if it has not begun, and its result is not waited for. */
  readonly signal?: AbortSignal;
  /** Hears how far a long job is, and how many come before it. */
  readonly onProgress?: (progress: Loading) => void;
}

export interface StudioModel {
  readonly card: ModelCard;
  /**
   * One job after the other, in their order. Rejects with a UserError whose message is for people, with an AbortError once
   * aborted, and with an Error where the worker or the connection is gone.
   */
  run<K extends JobKind>(kind: K, given: Given<K>, options?: RunOptions): Promise<Result<K>>;
  close(): Promise<void>;
}

/** What is being loaded: bytes so far, and of how many if that is known. */
export interface Loading {
  readonly what: string;
  readonly done: number;
  readonly total?: number;
}
