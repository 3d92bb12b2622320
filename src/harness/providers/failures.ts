/** What failures of servers mean: try later, refused, or the end of a run. */
import { APICallError } from "ai";
import { RedirectElsewhere } from "../../common/guarded-fetch.ts";
import { BodyTooLarge } from "../../common/limited.ts";
import { retryAfterOf } from "../../common/retry-after.ts";
import { type Billing, ProviderError } from "./provider.ts";

/**
 * What went wrong, in one line and without secrets, and whether asking again can help. `what` names the model, `blot` takes
 * secrets out of a text.
 */
export function providerError(error: unknown, what: string, blot: (text: string) => string): ProviderError {
  if (error instanceof ProviderError) return error;
  const text = (message: string) => `${what}: ${oneLine(blot(message))}`;
  const elsewhere = causeOf(error, RedirectElsewhere);
  if (elsewhere !== undefined) {
    const hint = elsewhere.message.endsWith("nothing is sent")
      ? "; if that is the server, give its address with --base-url"
      : "";
    return new ProviderError("fatal", `${text(elsewhere.message)}${hint}`, { billing: "question" });
  }
  const tooLarge = causeOf(error, BodyTooLarge);
  if (tooLarge !== undefined) return new ProviderError("transient", text(tooLarge.message));
  if (APICallError.isInstance(error)) return callError(error, text);
  // Valid JSON of another form, an empty answer: servers under load do that, so it is asked again.
  return new ProviderError("transient", text(error instanceof Error ? error.message : String(error)));
}

function callError(error: APICallError, text: (message: string) => string): ProviderError {
  const { statusCode: status, responseHeaders = {}, message, responseBody = "" } = error;
  // The SDK hands on parsed JSON here where an answer with status 200 says that it failed.
  const body = typeof responseBody === "string" ? responseBody : JSON.stringify(responseBody);
  const retryAfter = retryAfterOf(responseHeaders);
  const hint = status === undefined ? "" : (hints[status] ?? "");
  const code = status === undefined ? "" : `${status} `;
  const said = `${text(`${code}${message || "no message"}`)}${hint === "" ? "" : `; ${hint}`}`;
  return new ProviderError(kindOf(status, body), said, {
    billing: billingOf(status, error),
    ...(status !== undefined && { status }),
    ...(retryAfter !== undefined && { retryAfter }),
  });
}

const hints: Readonly<Record<number, string>> = {
  401: "the key is missing or wrong",
  402: "the account cannot pay",
  403: "the key may not use this model",
  404: "no such model or address",
};

function kindOf(status: number | undefined, body: string): ProviderError["kind"] {
  // A network error, or an answer that was cut off or is no JSON.
  if (status === undefined || (status >= 200 && status < 300)) return "transient";
  if (/insufficient_quota|API_KEY_INVALID/.test(body)) return "fatal";
  if (/"(?:server_error|rate_limit_exceeded)"/.test(body)) return "transient";
  if (status === 408 || status === 409 || status === 425 || status === 429 || status >= 500)
    return "transient";
  return [401, 402, 403, 404, 405, 410].includes(status) || status < 400 ? "fatal" : "refused";
}

/** Codes of connections that were never made: nothing was sent. */
const unsent = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "ENETUNREACH", "EHOSTUNREACH"];

/** A request that is turned down has no answer; what became of one that broke off or failed inside, nobody knows. */
function billingOf(status: number | undefined, error: Error): Billing {
  if (status === undefined) return causes(error).some((one) => isUnsent(one)) ? "nothing" : "all";
  return status >= 300 && status < 500 && status !== 408 && status !== 499 ? "question" : "all";
}

function isUnsent(error: Error): boolean {
  const { code, errors } = error as NodeJS.ErrnoException & { errors?: readonly NodeJS.ErrnoException[] };
  if (errors !== undefined && errors.length > 0) return errors.every((one) => isUnsent(one));
  return code !== undefined && unsent.includes(code);
}

/** An error and what caused it, the outermost first. */
function causes(error: unknown): Error[] {
  const found: Error[] = [];
  for (let one = error; one instanceof Error && !found.includes(one); one = one.cause) found.push(one);
  return found;
}

function causeOf<T extends Error>(error: unknown, type: new (message: string) => T): T | undefined {
  return causes(error).find((one): one is T => one instanceof type);
}

/** Without what moves a terminal's cursor or hides text. */
function oneLine(text: string): string {
  const line = text
    .replaceAll(/\s+/g, " ")
    .replaceAll(/[\p{Cc}\p{Cf}]/gu, "")
    .trim();
  return line.length > 300 ? `${line.slice(0, 300)}...` : line;
}
