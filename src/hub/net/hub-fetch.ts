/** `fetch` as the Hugging Face hub needs it: with the token, with patience, with errors a user understands. */
import { UserError } from "../../common/errors.ts";
import { guardedFetch, RedirectElsewhere } from "../../common/guarded-fetch.ts";
import { BodyTooLarge, readLimited } from "../../common/limited.ts";
import { isPrivateConnection } from "../../common/private-connection.ts";
import { retryAfterOf } from "../../common/retry-after.ts";
import { addressWithoutSecrets, blotter, headerSecret } from "../../common/secrets.ts";
import { createPatience, type Patience, systemClock, time } from "../../common/waiting.ts";

export interface Hub {
  /** Such as https://huggingface.co, without a slash at its end. */
  readonly endpoint: string;
  /** Sent to the endpoint's own origin only, and never stored. */
  readonly token?: string;
  /** Lets the token go over a network in the clear, to an http endpoint of another machine. */
  readonly keyOverHttp?: boolean;
  /** Milliseconds before the first new try; each further one waits twice as long. */
  readonly firstWait: number;
  /** New tries before giving up. */
  readonly retries: number;
  /** Seconds without a byte after which a connection is given up. */
  readonly patience: number;
  /** Milliseconds that a busy hub is waited for since its last answer; default 900,000. */
  readonly maxWait?: number;
}

/** The hub that HF_ENDPOINT and HF_TOKEN name. Throws a UserError when HF_HUB_OFFLINE forbids to ask it. */
export function hubFromEnvironment(env: NodeJS.ProcessEnv = process.env): Hub {
  if (/^(1|on|yes|true)$/i.test(env.HF_HUB_OFFLINE ?? ""))
    throw new UserError("pull: HF_HUB_OFFLINE is set, so nothing is fetched");
  const endpoint = endpointOf(env.HF_ENDPOINT || "https://huggingface.co");
  const token = headerSecret(env.HF_TOKEN, "pull", "HF_TOKEN");
  return { endpoint, firstWait: 500, retries: 5, patience: 30, ...(token && { token }) };
}

function endpointOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const secret = url && (url.username !== "" || url.password !== "" || url.search !== "");
  if (url !== undefined && !secret && /^https?:$/.test(url.protocol))
    return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
  const got = secret ? `${url.protocol}//***` : addressWithoutSecrets(text);
  throw new UserError(
    `pull: HF_ENDPOINT must be an http or https address without user, password or query, got ${got}`,
  );
}

/** Whether the token of a hub may be sent to its endpoint: not over a network in the clear. */
export function sendsToken({ endpoint, token, keyOverHttp = false }: Hub): boolean {
  return token !== undefined && (keyOverHttp || isPrivateConnection(endpoint));
}

/** Most bytes of one answer of the hub's API, and most seconds that it may take, in times its patience. */
const answerLimit = { bytes: 32_000_000, patience: 4 } as const;

/** Most answers of the API for one model: a listing has a thousand files a page. */
const mostAnswers = 2000;

export interface HubFetch {
  /** For the API: the whole answer is read, with limits on its size and its time, before it is handed on. */
  readonly api: typeof fetch;
  /** For files: the body is the caller's to read. */
  readonly file: typeof fetch;
}

/**
 * `fetch` for one model that tries again after 429, 5xx and lost connections, and throws a UserError for every answer that
 * is not a success. The token goes to the endpoint's origin alone, and to no store that it redirects to. `onNote` hears of
 * waits that the hub asks for.
 */
export function hubFetch(hub: Hub, name: string, onNote: (note: string) => void = () => {}): HubFetch {
  const patience = createPatience(hub.maxWait ?? 900_000);
  let answers = 0;
  const again = (ask: typeof fetch): typeof fetch => {
    return (input, init) => withRetries(hub, patience, () => ask(input, init), init?.signal, onNote);
  };
  return {
    api: again(async (input, init) => {
      if (++answers > mostAnswers)
        throw new UserError(`pull: the listing of ${name} has no end: ${mostAnswers} pages were read`);
      return wholeAnswer(hub, name, String(input), init);
    }),
    file: again((input, init) => attempt(hub, name, new URL(String(input)), init)),
  };
}

/** A failure that may pass: of a busy server, which may say how long, or of a connection. */
class Passing extends Error {
  readonly busy: boolean;
  readonly retryAfter: number;
  constructor(message: string, busy = false, retryAfter = 0) {
    super(message);
    this.busy = busy;
    this.retryAfter = retryAfter;
  }
}

async function withRetries(
  hub: Hub,
  patience: Patience,
  ask: () => Promise<Response>,
  signal: AbortSignal | null | undefined,
  onNote: (note: string) => void,
): Promise<Response> {
  for (let again = 0; ; again++) {
    try {
      const response = await ask();
      patience.renew();
      return response;
    } catch (error) {
      if (error instanceof UserError || signal?.aborted) throw error;
      const { message, retryAfter, busy } = error instanceof Passing ? error : unreachable(hub, error);
      const pause = Math.min(60, 2 ** again) * hub.firstWait;
      const wait = again < hub.retries ? patience.take(Math.max(pause, retryAfter)) : undefined;
      if (wait === undefined) {
        const later = retryAfter >= 1000 ? `it wants to be left alone for ${time(retryAfter)}` : "try later";
        const tail = busy ? `, also when asked again; ${later}` : "";
        throw new UserError(`pull: ${message}${tail}`, { cause: error });
      }
      if (retryAfter >= 1000) onNote(waitNote(message, retryAfter, wait));
      await systemClock.sleep(wait, signal ?? never);
    }
  }
}

const never = new AbortController().signal;

function waitNote(message: string, asked: number, wait: number): string {
  const wish = asked > wait ? `it wants to be left alone for ${time(asked)}, ` : "";
  return `${message}; ${wish}asking again in ${time(wait)}`;
}

async function wholeAnswer(hub: Hub, name: string, url: string, init: RequestInit = {}): Promise<Response> {
  const signal = AbortSignal.timeout(1000 * answerLimit.patience * hub.patience);
  const response = await attempt(hub, name, new URL(url), { ...init, signal });
  const what = `pull: what ${new URL(hub.endpoint).host} says of ${name}`;
  try {
    const { status, headers } = response;
    return new Response(await readLimited(response, answerLimit.bytes, what), { status, headers });
  } catch (error) {
    throw error instanceof BodyTooLarge ? new UserError(error.message) : error;
  }
}

async function attempt(hub: Hub, name: string, url: URL, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set("user-agent", "fovea");
  const own = url.origin === new URL(hub.endpoint).origin;
  if (own && sendsToken(hub)) headers.set("authorization", `Bearer ${hub.token}`);
  const started = new AbortController();
  const timer = setTimeout(() => started.abort(new Error("no answer")), 1000 * hub.patience);
  const signal = AbortSignal.any([started.signal, ...(init.signal ? [init.signal] : [])]);
  const ask = guardedFetch({ elsewhere: "bare" });
  const response = await ask(url, { ...init, headers, signal })
    .catch((error) => {
      if (!(error instanceof RedirectElsewhere)) throw error;
      throw new UserError(`pull: ${blotter(hub.token)(error.message)}`);
    })
    .finally(() => clearTimeout(timer));
  if (response.ok || response.status === 416) return response;
  await response.body?.cancel();
  throw refused(hub, name, response);
}

function refused(hub: Hub, name: string, { status, headers }: Response): Error {
  if (status === 429 || status >= 500) {
    const retryAfter = retryAfterOf(Object.fromEntries(headers));
    return new Passing(`${new URL(hub.endpoint).host} answered ${status}`, true, retryAfter);
  }
  return new UserError(`pull: ${reason(hub, name, status, headers.get("x-error-code"))}`);
}

function reason(hub: Hub, name: string, status: number, code: string | null): string {
  const page = `${hub.endpoint}/${name}`;
  const unsent = hub.token !== undefined && !sendsToken(hub);
  if (unsent && [401, 403, 404].includes(status))
    return `${hub.endpoint} knows no open model ${name}, and HF_TOKEN was not sent there, since it is not encrypted; use https, or --key-over-http`;
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
function unreachable(hub: Hub, error: unknown): Passing {
  const { cause, message } = error as Error;
  const { code = undefined, message: inner = message } = (cause ?? {}) as NodeJS.ErrnoException;
  const text = `${new URL(hub.endpoint).host} cannot be reached (${code ?? inner}); is there a network?`;
  return new Passing(text);
}
