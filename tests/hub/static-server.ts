/** A server of files for tests: well-behaved, with or without ranges, or wrong in one way. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export type Files = Readonly<Record<string, Uint8Array>>;
export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Serves until the test is over; gives the base address. */
export async function serve(handler: Handler): Promise<string> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** As nginx and others do: `206` with the part that was asked for. */
export const withRanges =
  (files: Files): Handler =>
  (request, response) => {
    const file = fileOf(files, request);
    if (file === undefined) return void response.writeHead(404).end("not here");
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    if (first === undefined) return void response.writeHead(200, { etag: '"1"' }).end(file);
    if (Number(first) >= file.length)
      return void response.writeHead(416, { "content-range": `bytes */${file.length}` }).end();
    const part = file.subarray(Number(first), Number(last) + 1);
    const range = `bytes ${first}-${Number(first) + part.length - 1}/${file.length}`;
    response.writeHead(206, { "content-range": range, etag: '"1"', "content-length": part.length }).end(part);
  };

/** As Python's http.server does: always all of a file. */
export const withoutRanges =
  (files: Files): Handler =>
  (request, response) => {
    const file = fileOf(files, request);
    if (file === undefined) return void response.writeHead(404).end("not here");
    response.writeHead(200, { "content-length": file.length }).end(file);
  };

export function fileOf(files: Files, { url = "/" }: IncomingMessage): Uint8Array | undefined {
  return files[decodeURIComponent(new URL(url, "http://any").pathname).slice(1)];
}
