/** Starts Studio's server. */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { createStudioApp, type StudioAppOptions } from "./app.ts";

export interface StudioServerOptions extends StudioAppOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

export interface RunningStudio {
  readonly url: string;
  close(): Promise<void>;
}

export async function startStudio({ host, port, ...options }: StudioServerOptions): Promise<RunningStudio> {
  const server = createAdaptorServer({ fetch: createStudioApp(options).fetch, hostname: host }) as Server;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${host}:${bound}/`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
