/** Errors as answers: one line for people, nothing of the inside, never HTML. */
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { UserError } from "../../common/errors.ts";
import { missingPackage } from "../../common/optional.ts";
import { ApiError, asApiError } from "../../serve/api-error.ts";

/** `app.onError(errorReply())`: a UserError is a 400, an ApiError what it says, anything else a 500 that `report` hears of. */
export function errorReply(report: (error: unknown) => void = () => {}) {
  return (error: unknown, context: Context): Response => {
    if (context.req.raw.signal.aborted) return new Response(null, { status: 499 }); // Nobody reads it.
    const known = knownError(error);
    if (known === undefined) report(error);
    return jsonError(context, known ?? asApiError(error));
  };
}

function knownError(error: unknown): ApiError | undefined {
  if (error instanceof ApiError) return error;
  const user = error instanceof UserError ? error : missingPackage(error);
  return user && new ApiError(user.message, { status: 400, code: "invalid_request" });
}

export function jsonError(context: Context, { message, facts }: ApiError): Response {
  const { status, code = null, headers = {} } = facts;
  return context.json({ error: { message, code } }, status as ContentfulStatusCode, headers);
}

export function notFound(what: string): ApiError {
  return new ApiError(`${what}: there is nothing at this address`, { status: 404, code: "not_found" });
}
