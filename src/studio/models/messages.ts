/** What a page and its workers say to each other. */
import type { Given, JobKind, ModelCard, Result } from "../jobs/job.ts";
import type { Loading } from "./model.ts";

/** From the page to the worker. */
export type ToWorker =
  | { readonly open: OpenInPage }
  | { readonly id: number; readonly kind: JobKind; readonly given: Given<JobKind> }
  | { readonly cancel: number };

/** A checkpoint's folder by its address, and how it runs. */
export interface OpenInPage {
  readonly folder: string;
  /** Where the files of ONNX Runtime lie. */
  readonly assets: string;
  readonly device: "wasm" | "webgpu";
  readonly threads?: number;
}

/** From the worker to the page. */
export type FromWorker =
  | { readonly loading: Loading }
  | { readonly card: ModelCard }
  | { readonly unopened: Failure }
  | { readonly id: number; readonly failed: Failure }
  | { readonly id: number; readonly result: Result<JobKind> };

/** An error on its way between threads. */
export interface Failure {
  readonly message: string;
  /** Whether it is a mistake of the caller, told in one line. */
  readonly isUserError: boolean;
}
