/**
 * Who may call by which name. A page elsewhere can point a name of its own at this machine (DNS rebinding) and then
 * ask as if it were this server's page: so the Host must be a name that is this server's. And a page may send requests
 * whose answers it cannot read: so the Origin, where a browser sends one, must be the same or an allowed one.
 *
 *     checkCaller(request, rules) -> nothing, or an ApiError 403
 */
import { isIP, isIPv4 } from "node:net";
import { ApiError, quoted } from "./api-error.ts";

export interface CallerRules {
  /** The address that the server listens on. */
  readonly host: string;
  /** Further names by which it may be called, without a port. */
  readonly allowHosts: readonly string[];
  /** Pages that may call it from elsewhere, as `https://example.com:8080`. */
  readonly allowOrigins: readonly string[];
}

export const defaultCallerRules: CallerRules = { host: "localhost", allowHosts: [], allowOrigins: [] };

/** Throws an `ApiError` of status 403 that names the option which would allow it. */
export function checkCaller(request: Request, rules: CallerRules): void {
  const { host: addressed } = new URL(request.url);
  const host = request.headers.get("host") ?? addressed;
  for (const name of [host, addressed]) if (!isOwnName(name, rules)) throw wrongHost(name);
  const origin = request.headers.get("origin");
  if (origin !== null && !isAllowed(origin, host, rules)) throw wrongOrigin(origin);
}

/** A host's name without its port, in small letters; undefined where it is none. */
export function nameOf(host: string): string | undefined {
  const [, name] = /^(\[[0-9a-f:.]+\]|[^\s:/?#@[\]\\,]+)(?::\d{1,5})?$/i.exec(host) ?? [];
  return name
    ?.replace(/^\[|\]$/g, "")
    .replace(/\.$/, "")
    .toLowerCase();
}

function isOwnName(host: string, rules: CallerRules): boolean {
  const name = nameOf(host);
  if (name === undefined) return false;
  const own = [rules.host, ...rules.allowHosts].map((known) => nameOf(known) ?? known);
  // Listening on all addresses: any of them may be meant. Only names can be pointed elsewhere, addresses cannot.
  const everywhere = ["0.0.0.0", "::"].includes(rules.host);
  return isLoopback(name) || own.includes(name) || (everywhere && isIP(name) !== 0);
}

/** Whether only this machine can be meant. */
export function isLoopback(name: string): boolean {
  const plain = name.replace(/^::ffff:(?=\d+\.)/, "");
  return name === "localhost" || name === "::1" || (isIPv4(plain) && plain.startsWith("127."));
}

function isAllowed(origin: string, host: string, { allowOrigins }: CallerRules): boolean {
  if (allowOrigins.includes(origin.toLowerCase())) return true;
  return URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}

function wrongHost(host: string): ApiError {
  const message = `The host ${quoted(host)} is not a name of this server; its option --allow-host allows one`;
  return new ApiError(message, { status: 403, code: "host_not_allowed" });
}

function wrongOrigin(origin: string): ApiError {
  const message = `Pages of ${quoted(origin)} may not call this server; its option --allow-origin allows them`;
  return new ApiError(message, { status: 403, code: "origin_not_allowed" });
}
