import { UserError } from "../common/errors.ts";
import { shownLine } from "../common/shown-text.ts";

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

/** Characters of a message: it may quote what the client sent. */
const longestMessage = 1000;

/** An error that is sent to the client with its message. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly facts: ErrorFacts;

  constructor(message: string, facts: ErrorFacts) {
    super(shownLine(cut(message, longestMessage)), { cause: facts.cause });
    this.facts = facts;
  }
}

/** A 400 that names the field. */
export function badRequest(message: string, param: string, code = "invalid_value"): ApiError {
  return new ApiError(message, { status: 400, param, code });
}

/** Templates refuse some conversations, tokenizers some texts, models some pictures: the client's to mend. */
export function asBadRequest<T>(param: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof UserError) throw badRequest(`${param}: ${error.message}`, param);
    throw error;
  }
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

/** A 503 that says why, and when to come again. */
export function overloaded(why: string): ApiError {
  const headers = { "Retry-After": "1" };
  return new ApiError(`The server is busy: ${why}; try again later`, {
    status: 503,
    code: "overloaded",
    headers,
  });
}

/** A 404 that says which model there is. */
export function unknownModel(id: string, known: string): ApiError {
  const message = `The model ${quoted(id)} does not exist; this server has ${quoted(known)}`;
  return new ApiError(message, { status: 404, param: "model", code: "model_not_found" });
}

/** A text of the client's in an error, cut short. */
export function quoted(text: string): string {
  return JSON.stringify(cut(text, 60));
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 3)}...` : text;
}
