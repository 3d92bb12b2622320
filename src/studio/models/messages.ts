/** What a page and its workers say to each other. */
import { UserError } from "../../common/errors.ts";
import type { Given, JobKind, ModelCard, Result } from "../jobs/job.ts";
import type { Loading } from "./model.ts";
import type { PageSource } from "./source.ts";

/** From the page to the worker. */
export type ToWorker =
  | { readonly open: OpenInPage }
  | { readonly id: number; readonly kind: JobKind; readonly given: Given<JobKind> }
  | { readonly cancel: number };

/** Where a checkpoint is, and how it runs. */
export interface OpenInPage {
  readonly source: PageSource;
  /** Where the files of ONNX Runtime lie. */
  readonly assets: string;
  readonly device: "wasm" | "webgpu";
  readonly threads?: number;
}

/** From the worker to the page. */
export type FromWorker =
  | { readonly loading: Loading }
  /** `loaded`: addresses of the files that it was made of. */
  | { readonly card: ModelCard; readonly loaded: readonly string[] }
  | { readonly unopened: Failure }
  | { readonly id: number; readonly failed: Failure }
  | { readonly id: number; readonly result: Result<JobKind> };

/** An error on its way between threads. */
export interface Failure {
  readonly message: string;
  /** Whether it is a mistake of the caller, told in one line. */
  readonly isUserError: boolean;
}

export function failureOf(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error);
  return { message, isUserError: error instanceof UserError };
}

export function errorOf({ message, isUserError }: Failure): Error {
  return isUserError ? new UserError(message) : new Error(message);
}
