/**
 * Who may ask. By its own name and from its own pages only (src/serve/hosts.ts); and, where a token is asked for, whoever
 * opened the address with it once: the page then has it in a cookie that no script reads, programs send it as
 * `Authorization: Bearer TOKEN`.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Context, MiddlewareHandler } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { ApiError } from "../../serve/api-error.ts";
import { type CallerRules, checkCaller } from "../../serve/hosts.ts";

export interface GuardOptions {
  readonly callers: CallerRules;
  /** What the printed address holds; undefined: there is none, and whoever reaches the address may ask. */
  readonly token?: string;
  /** Whether it must be shown; default true. On this machine alone it need not be. */
  readonly tokenNeeded?: boolean;
}

/** 128 bits, in letters that an address holds as they are. */
export const newToken = (): string => randomBytes(16).toString("base64url");

/** Before everything else. */
export function guard({ callers, token, tokenNeeded = true }: GuardOptions): MiddlewareHandler {
  const isIt = token === undefined ? () => false : sameAs(token);
  return async (context, next) => {
    checkCaller(context.req.raw, callers);
    checkSite(context, callers);
    if (token === undefined) return next();
    const name = cookieName(context);
    const shown = context.req.method === "GET" ? context.req.query("token") : undefined;
    if (shown !== undefined && isIt(shown)) return enter(context, name, token);
    const known = bearer(context) ?? getCookie(context, name);
    if (tokenNeeded && (known === undefined || !isIt(known))) throw noToken();
    return next();
  };
}

/** Cookies of one name are shared by all ports, servers are not. */
function cookieName(context: Context): string {
  const { port } = new URL(context.req.url);
  return `fovea-studio-${port || "web"}`;
}

/** Leaves the token in a cookie and not in the address, which people copy and pictures of the screen show. */
function enter(context: Context, name: string, token: string): Response {
  setCookie(context, name, token, { httpOnly: true, sameSite: "Strict", path: "/" });
  const { pathname } = new URL(context.req.url);
  return context.redirect(pathname.replace(/^\/+/, "/"), 303);
}

function bearer(context: Context): string | undefined {
  return /^Bearer\s+(\S+)\s*$/i.exec(context.req.header("authorization") ?? "")?.[1];
}

/** A browser says so where a page of elsewhere asks, also where it sends no Origin. */
function checkSite(context: Context, { allowOrigins }: CallerRules): void {
  const site = context.req.header("sec-fetch-site");
  if (site !== "cross-site" && site !== "same-site") return;
  const isVisit = context.req.header("sec-fetch-mode") === "navigate" && context.req.path === "/";
  const origin = context.req.header("origin")?.toLowerCase();
  if (isVisit || (origin !== undefined && allowOrigins.includes(origin))) return;
  throw new ApiError("Pages of elsewhere may not use this server; its option --allow-origin allows them", {
    status: 403,
    code: "origin_not_allowed",
  });
}

/** Takes the same time for any other text. */
function sameAs(token: string): (shown: string) => boolean {
  const hash = (text: string) => createHash("sha256").update(text).digest();
  const wanted = hash(token);
  return (shown) => timingSafeEqual(hash(shown), wanted);
}

function noToken(): ApiError {
  const headers = { "WWW-Authenticate": "Bearer" };
  const message = "This Studio asks for its token: open the whole address that it printed, with ?token=";
  return new ApiError(message, { status: 401, code: "token_needed", headers });
}
