import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { mustBe } from "../common/errors.ts";
import { type AppOptions, createApp } from "./app.ts";
import type { ServedModel } from "./served.ts";

export interface ServerOptions extends Omit<AppOptions, "down"> {
  /** 0: any free port. */
  readonly port: number;
  readonly host: string;
}

export interface RunningServer {
  /** Where it listens, as `http://127.0.0.1:8000`. */
  readonly url: string;
  /**
   * Takes no more requests, lets answers that are under way end for `grace` milliseconds, aborts the rest and
   * releases the model.
   */
  close(grace?: number): Promise<void>;
}

/** Milliseconds in which a request's headers, and all of it, must have come; how often that is looked at. */
const patience = { headersTimeout: 10_000, requestTimeout: 120_000, connectionsCheckingInterval: 5_000 };

const mostConnections = 1024;

/** Milliseconds in which a client must take something of what it is sent. */
const stallTime = 60_000;

/** Closes connections of clients that do not read; those that wait for an answer have nothing to read. */
function dropStalled(server: Server): void {
  server.setTimeout(stallTime, (socket) => {
    if (socket.writableLength > 0) socket.destroy();
    else socket.setTimeout(stallTime);
  });
}

/** Serves the model. Throws a UserError when the address cannot be had. */
export async function startServer(served: ServedModel, options: ServerOptions): Promise<RunningServer> {
  const { port, host, callers, ...rest } = options;
  const down = new AbortController();
  const app = createApp(served, { ...rest, callers: { host, ...callers }, down: down.signal });
  const server = createAdaptorServer({ fetch: app.fetch, hostname: host, serverOptions: patience }) as Server;
  server.maxConnections = mostConnections;
  dropStalled(server);
  await listen(server, port, host);
  const { address, family, port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${family === "IPv6" ? `[${address}]` : address}:${bound}`,
    async close(grace = 10_000) {
      const closed = new Promise((resolve) => server.close(resolve));
      // Connections that were busy become idle one by one; clients would keep them open for more.
      const sweep = setInterval(() => server.closeIdleConnections(), 50);
      const timers = [
        setTimeout(() => down.abort(), grace),
        setTimeout(() => server.closeAllConnections(), grace + 2000), // Who does not take its answer.
      ];
      await closed;
      clearInterval(sweep);
      timers.map(clearTimeout);
      down.abort();
      await served.dispose();
    },
  };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", (error: NodeJS.ErrnoException) => reject(explained(error, port, host)));
  server.listen(port, host, resolve);
  return promise;
}

function explained(error: NodeJS.ErrnoException, port: number, host: string): Error {
  if (error.code === "EADDRINUSE") return mustBe("serve-api", "--port", "free", port, "name another one");
  if (error.code === "EACCES")
    return mustBe("serve-api", "--port", "one that you may open", port, "name one above 1023");
  if (error.code === "EADDRNOTAVAIL" || error.code === "ENOTFOUND")
    return mustBe("serve-api", "--host", "an address of this machine", host);
  return error;
}
