/** What a worker loads from the network, as one progress in bytes. */
import type { Loading } from "./model.ts";

/** Names what is loaded from an address; undefined for what is too small to be counted. */
export type Naming = (url: string) => string | undefined;

interface Part {
  done: number;
  /** Undefined while it is not known. */
  total?: number;
}

/** Bytes of parts that are loaded at once; parts that are expected and have not begun leave the total unknown. */
export class LoadingParts {
  readonly #parts: Map<string, Part>;
  readonly #say: (loading: Loading) => void;

  constructor(expected: readonly string[], say: (loading: Loading) => void) {
    this.#parts = new Map(expected.map((name) => [name, { done: 0 }]));
    this.#say = say;
  }

  add(name: string, bytes: number, total: number | undefined): void {
    const part = this.#parts.get(name) ?? { done: 0 };
    part.done += bytes;
    if (total !== undefined) part.total = total;
    this.#parts.set(name, part);
    this.#say(this.loading());
  }

  loading(): Loading {
    const parts = [...this.#parts];
    const coming = parts.filter(([, { done, total }]) => total === undefined || done < total);
    const done = parts.reduce((sum, [, part]) => sum + part.done, 0);
    const totals = parts.map(([, { total }]) => total);
    const what = (coming.length > 0 ? coming : parts).map(([name]) => name).join(" and ");
    if (!totals.every((total) => total !== undefined)) return { what, done };
    return {
      what,
      done,
      total: Math.max(
        done,
        totals.reduce((sum, total) => sum + total, 0),
      ),
    };
  }
}

/** `fetch` that counts the bytes of what `nameOf` names; `onFound` hears the address of everything that is there. */
export function countedFetch(
  fetch: typeof globalThis.fetch,
  parts: LoadingParts,
  nameOf: Naming,
  onFound: (url: string) => void = () => {},
) {
  return async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const response = await fetch(input, init);
    const url = input instanceof Request ? input.url : String(input);
    if (response.ok) onFound(url);
    const name = nameOf(url);
    if (name === undefined || !response.ok || response.body === null) return response;
    const total = sizeOf(response.headers);
    const counter = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        parts.add(name, chunk.byteLength, total);
        controller.enqueue(chunk);
      },
    });
    const { status, statusText, headers } = response;
    return new Response(response.body.pipeThrough(counter), { status, statusText, headers });
  };
}

/** Of the whole file, where the answer says it in bytes that will be counted. */
function sizeOf(headers: Headers): number | undefined {
  const range = /\/(\d+)$/.exec(headers.get("content-range") ?? "")?.[1];
  const isPacked = (headers.get("content-encoding") ?? "identity") !== "identity";
  const said = range ?? (isPacked ? null : headers.get("content-length"));
  return said === null ? undefined : Number(said);
}
