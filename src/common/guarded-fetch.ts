/**
 * The one `fetch` for requests that carry keys or pictures. What a request holds goes to the origin (scheme, host and port)
 * that it was made for, and to no other: a server cannot send it on by a redirect.
 */

/** A server that sends its callers to another origin. The message says from where to where, without queries. */
export class RedirectElsewhere extends Error {
  override readonly name = "RedirectElsewhere";
}

export interface Guard {
  /**
   * What happens to a redirect to another origin. `refuse`: a {@link RedirectElsewhere}, nothing is sent there. `bare`: the
   * same GET or HEAD without anything that could be a secret, and never from https to http.
   */
  readonly elsewhere: "refuse" | "bare";
  /** What asks in the end; tests bring their own. */
  readonly send?: typeof fetch;
}

/** As many redirects as `fetch` of browsers follows. */
const longestWay = 20;

/** Headers of a request that say nothing of who asks. */
const harmless = ["accept", "accept-encoding", "range", "user-agent"];

/**
 * A `fetch` for addresses (no `Request` objects) that follows redirects within an origin as usual, and others as `guard`
 * says. Throws what `fetch` throws, or a {@link RedirectElsewhere}.
 */
export function guardedFetch({ elsewhere, send = fetch }: Guard): typeof fetch {
  return async (input, init = {}) => {
    let url = new URL(String(input));
    let request: RequestInit = init;
    for (let step = 0; step < longestWay; step++) {
      const response = await send(url, { ...request, redirect: "manual" });
      const next = destination(response, url);
      if (next === undefined) return response;
      await response.body?.cancel();
      request = redirected(request, response.status, url, next, elsewhere);
      url = next;
    }
    throw new RedirectElsewhere(`${url.origin} redirects in a circle`);
  };
}

/** Where an answer sends its caller; undefined when it is no redirect. */
function destination({ status, headers }: Response, from: URL): URL | undefined {
  const location = [301, 302, 303, 307, 308].includes(status) ? headers.get("location") : null;
  if (location === null) return undefined;
  if (!URL.canParse(location, from))
    throw new RedirectElsewhere(`${from.origin} redirects to what is no address`);
  return new URL(location, from);
}

function redirected(
  request: RequestInit,
  status: number,
  from: URL,
  to: URL,
  elsewhere: Guard["elsewhere"],
): RequestInit {
  const method = (request.method ?? "GET").toUpperCase();
  const reads = method === "GET" || method === "HEAD";
  if (to.origin !== from.origin || !/^https?:$/.test(to.protocol)) {
    const downgraded = from.protocol === "https:" && to.protocol !== "https:";
    if (elsewhere === "refuse" || !reads || downgraded || !/^https?:$/.test(to.protocol))
      throw new RedirectElsewhere(`${from.origin} redirects to ${placeOf(to)}, where nothing is sent`);
    return bare(request, method);
  }
  // The Fetch standard: 303 becomes a GET, and so do a POST's 301 and 302.
  const asked = !reads && (status === 303 || (method === "POST" && status < 303));
  return asked ? bare(request, "GET", request.headers) : request;
}

/** A request without a body, and with harmless headers alone unless `headers` are given. */
function bare(request: RequestInit, method: string, headers?: RequestInit["headers"]): RequestInit {
  const kept = new Headers(headers);
  const given = new Headers(request.headers);
  if (headers === undefined)
    for (const name of harmless) if (given.has(name)) kept.set(name, given.get(name) as string);
  for (const name of ["content-type", "content-length"]) kept.delete(name);
  return { method, headers: kept, ...(request.signal && { signal: request.signal }) };
}

/** An address without what could be a secret: user, password, query. */
function placeOf({ protocol, host, pathname }: URL): string {
  const path = pathname.length > 100 ? `${pathname.slice(0, 100)}...` : pathname;
  return /^https?:$/.test(protocol) ? `${protocol}//${host}${path}` : `${protocol} address`;
}
