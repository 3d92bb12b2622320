import { APICallError } from "ai";
import { ProviderError } from "./provider.ts";

/**
 * What went wrong, in one line and without `secret`, and whether asking again can help. `what` names the model.
 */
export function providerError(error: unknown, what: string, secret: string | undefined): ProviderError {
  if (error instanceof ProviderError) return error;
  const clean = (text: string) => oneLine(secret ? text.replaceAll(secret, "***") : text);
  if (!APICallError.isInstance(error)) {
    // Valid JSON of another form, an empty answer: servers under load do that, so it is asked again.
    const message = error instanceof Error ? error.message : String(error);
    return new ProviderError("again", `${what}: ${clean(message)}`);
  }
  const { statusCode: status, responseHeaders = {}, message, responseBody = "" } = error;
  // The SDK hands on parsed JSON here where an answer with status 200 says that it failed.
  const body = typeof responseBody === "string" ? responseBody : JSON.stringify(responseBody);
  const kind = kindOf(status, body);
  const retryAfter = retryAfterOf(responseHeaders);
  const hint = status === undefined ? "" : (hints[status] ?? "");
  const code = status === undefined ? "" : `${status} `;
  const text = `${what}: ${code}${clean(message || "no message")}${hint === "" ? "" : `; ${hint}`}`;
  return new ProviderError(kind, text, {
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
  if (status === undefined || (status >= 200 && status < 300)) return "again";
  if (/insufficient_quota|API_KEY_INVALID/.test(body)) return "fatal";
  if (/"(?:server_error|rate_limit_exceeded)"/.test(body)) return "again";
  if (status === 408 || status === 409 || status === 425 || status === 429 || status >= 500) return "again";
  return [401, 402, 403, 404, 405, 410].includes(status) || status < 400 ? "fatal" : "refused";
}

/** Milliseconds of `retry-after-ms` or `Retry-After` (seconds or a date). */
export function retryAfterOf(headers: Readonly<Record<string, string>>): number | undefined {
  const exact = Number.parseFloat(headers["retry-after-ms"] ?? "");
  if (exact >= 0) return exact;
  const given = headers["retry-after"];
  if (given === undefined) return undefined;
  const seconds = Number(given);
  const milliseconds = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(given) - Date.now();
  return Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : undefined;
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length > 300 ? `${line.slice(0, 300)}...` : line;
}
