/**
 * The service worker of a static site: what was loaded once is there without a network. As long as there is one, everything comes
 * from it, so that a new build is never hidden by an old one. It imports nothing, so that it is a classic script.
 */

// TypeScript's library has the types of pages or of workers, not both.
interface WaitingEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface FetchEvent extends WaitingEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}
interface KeepEvent extends WaitingEvent {
  /** Addresses to be kept. */
  readonly data: readonly string[];
  /** Where it is told that they are. */
  readonly ports: readonly MessagePort[];
}
interface Scope {
  skipWaiting(): Promise<void>;
  readonly clients: { claim(): Promise<void> };
  readonly registration: { readonly scope: string };
}

const scope = globalThis as typeof globalThis & Scope;
const cacheName = "fovea-studio";

function on<E extends Event>(type: string, listener: (event: E) => void): void {
  scope.addEventListener(type, (event) => listener(event as E));
}

on<WaitingEvent>("install", (event) => event.waitUntil(scope.skipWaiting()));
on<WaitingEvent>("activate", (event) => event.waitUntil(scope.clients.claim()));
on<KeepEvent>("message", (event) => {
  event.waitUntil(keep(event.data).then(() => event.ports[0]?.postMessage(undefined)));
});
on<FetchEvent>("fetch", (event) => {
  const { method, url } = event.request;
  if (method === "GET" && isOwn(url)) event.respondWith(answer(event.request));
});

function isOwn(url: string): boolean {
  return url.startsWith(scope.registration.scope) && !url.startsWith(`${scope.registration.scope}api/`);
}

/** From the network, and kept; from what was kept where there is none. */
async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(cacheName);
  try {
    const response = await fetch(request);
    if (response.status === 200 && !request.headers.has("range"))
      await cache.put(plain(request.url), response.clone()).catch(() => {}); // No room: it is shown all the same.
    return response;
  } catch (error) {
    // A part of a file is answered by the whole of it, which whoever asks for parts must take.
    const kept = await cache.match(plain(request.url));
    if (kept !== undefined) return kept;
    if (await isKnownFolder(cache, request.url)) return new Response(null, { status: 404 });
    throw error;
  }
}

/** A folder of which files were kept had no others: a model's folder is asked for many that it may have. */
async function isKnownFolder(cache: Cache, url: string): Promise<boolean> {
  const folder = plain(url).replace(/[^/]*$/, "");
  return (await cache.keys()).some((kept) => kept.url.startsWith(folder));
}

/** What stands behind `?` are settings of the page. */
const plain = (url: string) => url.split(/[?#]/)[0];

async function keep(urls: readonly string[]): Promise<void> {
  const cache = await caches.open(cacheName);
  for (const url of urls.map(plain).filter(isOwn)) {
    if ((await cache.match(url)) !== undefined) continue;
    // The browser may have it still, however old.
    const response = await fetch(url, { cache: "force-cache" }).catch(() => undefined);
    if (response?.status === 200) await cache.put(url, response).catch(() => {});
  }
  await forget(urls);
}

/** Scripts and fonts of former builds, by the hashes in their names. */
async function forget(urls: readonly string[]): Promise<void> {
  const wanted = new Set(urls.map(plain));
  const cache = await caches.open(cacheName);
  for (const { url } of await cache.keys())
    if (/\/(parts|fonts)\/[^/]+$/.test(url) && !wanted.has(url)) await cache.delete(url);
}
