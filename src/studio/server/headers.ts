/** Headers of every answer, whatever it is: the page's rules, and that nobody else may use what is answered. */
import type { MiddlewareHandler } from "hono";
import { headerPolicy } from "../site/policy.ts";

const headers: Readonly<Record<string, string>> = {
  "Content-Security-Policy": headerPolicy,
  // Both isolate the page, so that WebAssembly has threads.
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Permissions-Policy":
    "camera=(self), clipboard-write=(self), clipboard-read=(self), geolocation=(), microphone=()",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

export const safeHeaders: MiddlewareHandler = async (context, next) => {
  await next();
  for (const [name, value] of Object.entries(headers)) context.header(name, value);
  if (!context.res.headers.has("Cache-Control")) context.header("Cache-Control", "no-store");
};
