/** The addresses of Studio's server: the built page, the models that it shows, and studio.json. */
import { serveStatic } from "@hono/node-server/serve-static";
import { Hono } from "hono";
import type { Setup } from "../page/studio.ts";

export interface StudioAppOptions {
  /** The folder of the built page. */
  readonly site: string;
  readonly setup: Setup;
  /** Folders of checkpoints that run in the page, by their names under `models/`. */
  readonly models: ReadonlyMap<string, string>;
}

/** Isolates the page, so that WebAssembly has threads; and lets it load nothing from elsewhere. */
const headers: Readonly<Record<string, string>> = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
};

export function createStudioApp({ site, setup, models }: StudioAppOptions): Hono {
  const app = new Hono();
  app.use(async (context, next) => {
    await next();
    for (const [name, value] of Object.entries(headers)) context.header(name, value);
  });
  app.get("/studio.json", (context) => context.json(setup));
  for (const [name, folder] of models) {
    const prefix = `/models/${name}`;
    app.use(
      `${prefix}/*`,
      serveStatic({ root: folder, rewriteRequestPath: (path) => path.slice(prefix.length) }),
    );
  }
  app.use("/*", serveStatic({ root: site }));
  return app;
}
