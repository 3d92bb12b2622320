/** What the server says of a model and of its jobs, each as a message of a stream (wire.ts). */
import type { JobKind, ModelCard, Result } from "../jobs/job.ts";
import type { Failure } from "./messages.ts";
import type { Loading } from "./model.ts";

/** To who asks for a model: until it is open, then that it is. */
export type SaidOfModel =
  | { readonly loading: Loading }
  | { readonly card: ModelCard }
  | { readonly unopened: Failure };

/** To who gave it a job. */
export type SaidOfJob =
  /** How many come before it, whenever that changes. */
  | { readonly waiting: number }
  | { readonly progress: Loading }
  | { readonly result: Result<JobKind> }
  | { readonly failed: Failure };
