/** `fetch` as the Hugging Face hub needs it: with the token, with patience, with errors a user understands. */
import { setTimeout as sleep } from "node:timers/promises";
import pRetry, { AbortError } from "p-retry";
import { UserError } from "../common/errors.ts";

export interface Hub {
  /** Such as https://huggingface.co, without a slash at its end. */
  readonly endpoint: string;
  /** Sent to the endpoint's own host only, and never stored. */
  readonly token?: string;
  /** Milliseconds before the first new try; each further one waits twice as long. */
  readonly firstWait: number;
  /** New tries before giving up. */
  readonly retries: number;
  /** Seconds without a byte after which a connection is given up. */
  readonly patience: number;
}

/** The hub that HF_ENDPOINT and HF_TOKEN name. Throws a UserError when HF_HUB_OFFLINE forbids to ask it. */
export function hubFromEnvironment(env: NodeJS.ProcessEnv = process.env): Hub {
  if (/^(1|on|yes|true)$/i.test(env.HF_HUB_OFFLINE ?? ""))
    throw new UserError("pull: HF_HUB_OFFLINE is set, so nothing is fetched");
  const endpoint = (env.HF_ENDPOINT || "https://huggingface.co").replace(/\/+$/, "");
  if (!URL.canParse(endpoint)) throw new UserError(`pull: HF_ENDPOINT must be a URL, got ${endpoint}`);
  const token = env.HF_TOKEN?.trim();
  return { endpoint, firstWait: 500, retries: 5, patience: 30, ...(token && { token }) };
}

/**
 * A `fetch` for one model that tries again after 429, 5xx and lost connections, and throws a UserError for
 * every answer that is not a success.
 */
export function hubFetch(hub: Hub, name: string): typeof fetch {
  const { retries, firstWait } = hub;
  return (input, init) =>
    pRetry(() => attempt(hub, name, new URL(String(input)), init), {
      retries,
      minTimeout: firstWait,
      maxTimeout: 60 * firstWait,
      ...(init?.signal && { signal: init.signal }),
    }).catch((error) => {
      throw error instanceof UserError ? error : unreachable(hub, error);
    });
}

async function attempt(hub: Hub, name: string, url: URL, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set("user-agent", "fovea");
  const own = url.origin === new URL(hub.endpoint).origin;
  if (hub.token !== undefined && own) headers.set("authorization", `Bearer ${hub.token}`);
  const started = new AbortController();
  const timer = setTimeout(() => started.abort(new Error("no answer")), 1000 * hub.patience);
  const signal = AbortSignal.any([started.signal, ...(init.signal ? [init.signal] : [])]);
  const response = await fetch(url, { ...init, headers, signal }).finally(() => clearTimeout(timer));
  if (response.ok || response.status === 416) return response;
  await response.body?.cancel();
  await refuse(hub, name, response);
  return response;
}

/** Throws: an AbortError for what no new try can mend. */
async function refuse(hub: Hub, name: string, { status, headers, url }: Response): Promise<never> {
  if (status === 429 || status >= 500) {
    const wait = Number(headers.get("retry-after") ?? 0);
    if (wait > 0 && wait <= 300) await sleep(1000 * wait);
    throw new UserError(`pull: ${new URL(url).host} answered ${status}, also when asked again; try later`);
  }
  throw new AbortError(new UserError(`pull: ${reason(hub, name, status, headers.get("x-error-code"))}`));
}

function reason(hub: Hub, name: string, status: number, code: string | null): string {
  const page = `${hub.endpoint}/${name}`;
  if (code === "GatedRepo" || status === 403) {
    return `${name} is gated: accept its terms at ${page}, then set HF_TOKEN to a token that may read it`;
  }
  if (code === "RevisionNotFound") return `${name} has no such revision; see ${page}/refs`;
  if (code === "EntryNotFound") return `${name} lacks a file that its listing names`;
  if (status === 401 && hub.token !== undefined && code === null) return "HF_TOKEN is not accepted";
  if (status === 401 || status === 404) {
    const hint = hub.token === undefined ? "; for a private model set HF_TOKEN" : "";
    return `${hub.endpoint} knows no model ${name}${hint}`;
  }
  return `${new URL(hub.endpoint).host} answered ${status}`;
}

/** `fetch` hides why it failed in the cause. */
function unreachable(hub: Hub, error: unknown): UserError {
  const { cause, message } = error as Error;
  const { code = undefined, message: inner = message } = (cause ?? {}) as NodeJS.ErrnoException;
  const text = `pull: ${new URL(hub.endpoint).host} cannot be reached (${code ?? inner}); is there a network?`;
  return new UserError(text, { cause: error });
}
