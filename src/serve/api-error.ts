/** What a client of the API did wrong, or what failed for it, in OpenAI's terms. */
export interface ErrorFacts {
  /** HTTP status. */
  readonly status: number;
  /** The field of the request that is at fault, as `messages[0].content`. */
  readonly param?: string | null;
  /** A short name for programs, as `model_not_found`. */
  readonly code?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** An error that is sent to the client with its message. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly facts: ErrorFacts;

  constructor(message: string, facts: ErrorFacts) {
    super(message, { cause: facts.cause });
    this.facts = facts;
  }
}

/** A 400 that names the field. */
export function badRequest(message: string, param: string, code = "invalid_value"): ApiError {
  return new ApiError(message, { status: 400, param, code });
}

/** The body of an error: `{error: {message, type, param, code}}`. */
export function errorBody({ message, facts: { status, param = null, code = null } }: ApiError) {
  const type = status >= 500 ? "server_error" : "invalid_request_error";
  return { error: { message, type, param, code } };
}

/** What a client is told of a failure that is not its own: nothing of the inside. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError("The server had an error while answering this request; its log says more", {
    status: 500,
    code: "internal_error",
    cause: error,
  });
}

/** What waiting and new requests get while the server ends. */
export function goingDown(): ApiError {
  const headers = { Connection: "close" };
  return new ApiError("The server is shutting down", { status: 503, code: "shutting_down", headers });
}
