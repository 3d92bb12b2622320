/** Starts Studio's server. */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { mustBe } from "../../common/errors.ts";
import { type CallerRules, defaultCallerRules } from "../../serve/hosts.ts";
import { createStudioApp, type StudioAppOptions } from "./app.ts";

export interface StudioServerOptions extends Omit<StudioAppOptions, "callers"> {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Ports to try after `port` where that one is taken; default 0. */
  readonly tries?: number;
  /** Further names by which, and pages from which, it may be called. */
  readonly callers?: Partial<CallerRules>;
  /** What ends with the server: models, files. */
  readonly onClose?: () => Promise<void>;
}

export interface RunningStudio {
  /** Where it listens, with `/` at its end. */
  readonly url: string;
  readonly port: number;
  /** Takes no more requests, breaks off those under way, ends what belongs to it. */
  close(): Promise<void>;
}

/** Milliseconds in which a request's headers, and all of it, must have come; how often that is looked at. */
const patience = { headersTimeout: 10_000, requestTimeout: 120_000, connectionsCheckingInterval: 5_000 };

const mostConnections = 1024;

/** Milliseconds in which a client must take something of what it is sent. */
const stallTime = 60_000;

/** Throws a UserError when the address cannot be had. */
export async function startStudio(options: StudioServerOptions): Promise<RunningStudio> {
  const { host, port, tries = 0, callers, onClose, ...rest } = options;
  const app = createStudioApp({ ...rest, callers: { ...defaultCallerRules, host, ...callers } });
  const server = createAdaptorServer({
    fetch: app.fetch,
    hostname: host,
    serverOptions: patience,
  }) as Server;
  server.maxConnections = mostConnections;
  dropStalled(server);
  await listen(server, { host, port, tries });
  const { address, family, port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${family === "IPv6" ? `[${address}]` : address}:${bound}/`,
    port: bound,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      await onClose?.();
    },
  };
}

/** Closes connections of clients that do not read; those that wait for an answer have nothing to read. */
function dropStalled(server: Server): void {
  server.setTimeout(stallTime, (socket) => {
    if (socket.writableLength > 0) socket.destroy();
    else socket.setTimeout(stallTime);
  });
}

interface Place {
  readonly host: string;
  readonly port: number;
  readonly tries: number;
}

async function listen(server: Server, { host, port, tries }: Place): Promise<void> {
  for (let more = 0; ; more++)
    try {
      return await listenAt(server, host, port + more);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "EADDRINUSE" || more >= tries) throw explained(error as NodeJS.ErrnoException, port, host);
    }
}

function listenAt(server: Server, host: string, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(port, host, () => {
    server.off("error", reject);
    resolve();
  });
  return promise;
}

function explained(error: NodeJS.ErrnoException, port: number, host: string): Error {
  if (error.code === "EADDRINUSE")
    return mustBe("studio", "--port", "free", port, "name another one, or 0 for any free one");
  if (error.code === "EACCES")
    return mustBe("studio", "--port", "one that you may open", port, "name one above 1023");
  if (error.code === "EADDRNOTAVAIL" || error.code === "ENOTFOUND")
    return mustBe("studio", "--host", "an address of this machine", host);
  return error;
}
