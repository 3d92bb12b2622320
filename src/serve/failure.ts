/** Errors as plain data, to be sent from one thread to another: what stands in messages loses its class. */
import { UserError } from "../common/errors.ts";
import { ApiError, type ErrorFacts } from "./api-error.ts";

export type Failure =
  | { readonly kind: "api"; readonly message: string; readonly facts: Omit<ErrorFacts, "cause"> }
  | { readonly kind: "user"; readonly message: string; readonly code: number }
  | { readonly kind: "gone" }
  | { readonly kind: "other"; readonly message: string; readonly stack?: string };

/** What is thrown where an answer is no longer wanted. */
export function noLongerWanted(): Error {
  return new DOMException("The answer is no longer wanted", "AbortError");
}

export function toFailure(error: unknown): Failure {
  if (error instanceof ApiError) {
    const { cause: _, ...facts } = error.facts;
    return { kind: "api", message: error.message, facts };
  }
  if (error instanceof UserError) return { kind: "user", message: error.message, code: error.code };
  if (error instanceof Error && error.name === "AbortError") return { kind: "gone" };
  if (!(error instanceof Error)) return { kind: "other", message: String(error) };
  return { kind: "other", message: error.message, ...(error.stack && { stack: error.stack }) };
}

export function fromFailure(failure: Failure): Error {
  switch (failure.kind) {
    case "api":
      return new ApiError(failure.message, failure.facts);
    case "user":
      return new UserError(failure.message, { code: failure.code });
    case "gone":
      return noLongerWanted();
    case "other":
      return Object.assign(new Error(failure.message), failure.stack && { stack: failure.stack });
  }
}
