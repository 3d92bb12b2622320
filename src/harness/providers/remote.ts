/** Servers as providers: OpenAI, Anthropic, Google and compatible ones. */
import { createHash } from "node:crypto";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogle } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, type LanguageModel } from "ai";
import { parseAsking } from "../../answers/asking.ts";
import {
  type AnswerFamily,
  type FamilyName,
  familyByName,
  familyIn,
  familyOf,
} from "../../answers/families.ts";
import { UserError } from "../../common/errors.ts";
import { guardedFetch } from "../../common/guarded-fetch.ts";
import { parseJson } from "../../common/json.ts";
import { limited, readLimited, shortened } from "../../common/limited.ts";
import { isPrivateConnection } from "../../common/private-connection.ts";
import { blotter, headerSecret } from "../../common/secrets.ts";
import { providerError } from "./failures.ts";
import { type Ask, type Provider, ProviderError, type Reply, type RequestDescription } from "./provider.ts";
import { checkedUrl, type ModelSpec, type Service } from "./spec.ts";

export interface RemoteOptions {
  readonly family?: FamilyName;
  /** Left out of the request when undefined. */
  readonly temperature?: number;
  /** Milliseconds that one request may take. */
  readonly timeout?: number;
  /** Environment variable that holds the key; each service has its own by default. */
  readonly keyEnv?: string;
  /** No key is needed: nothing is sent. */
  readonly withoutKey?: boolean;
  /** Lets a key go over a network in the clear, to an http address that is not of this machine. */
  readonly keyOverHttp?: boolean;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

type RemoteSpec = Extract<ModelSpec, { kind: "remote" }>;

interface ServiceFacts {
  readonly family?: FamilyName;
  readonly keyEnv?: string;
  readonly urlEnv?: string;
  readonly url?: string;
  readonly create: (options: Connection) => LanguageModel;
  /** Options of a request beside the common ones. */
  readonly request?: Record<string, Record<string, string | boolean>>;
  /** Options of the picture. */
  readonly picture?: Record<string, Record<string, string>>;
}

interface Connection {
  readonly model: string;
  readonly baseURL: string;
  readonly apiKey: string | undefined;
  /** What every request goes through; see {@link modelFetch}. */
  readonly fetch: typeof fetch;
}

/** Most bytes of an answer, and of what a server says of its own failure; both are read no further. */
const longestBody = { answer: 16_000_000, failure: 100_000 } as const;

/** Key and picture go to the server's own address and nowhere else, and what comes back has a limit. */
const modelFetch: typeof fetch = async (to, init) => {
  const response = await guardedFetch({ elsewhere: "refuse" })(to, init);
  return response.ok
    ? limited(response, longestBody.answer, "the answer")
    : shortened(response, longestBody.failure);
};

const services = {
  openai: {
    family: "openai",
    keyEnv: "OPENAI_API_KEY",
    urlEnv: "OPENAI_BASE_URL",
    url: "https://api.openai.com/v1",
    create: ({ model, apiKey = "", ...rest }) => createOpenAI({ apiKey, ...rest }).responses(model),
    request: { openai: { store: false } },
    picture: { openai: { imageDetail: "high" } },
  },
  anthropic: {
    family: "anthropic",
    keyEnv: "ANTHROPIC_API_KEY",
    urlEnv: "ANTHROPIC_BASE_URL",
    url: "https://api.anthropic.com/v1",
    create: ({ model, apiKey = "", ...rest }) => createAnthropic({ apiKey, ...rest })(model),
  },
  google: {
    family: "google",
    keyEnv: "GOOGLE_GENERATIVE_AI_API_KEY",
    urlEnv: "GOOGLE_GENERATIVE_AI_BASE_URL",
    url: "https://generativelanguage.googleapis.com/v1beta",
    create: ({ model, apiKey = "", ...rest }) => createGoogle({ apiKey, ...rest })(model),
  },
  "openai-compatible": {
    create: ({ model, apiKey, ...rest }) =>
      createOpenAICompatible({ name: "compatible", ...(apiKey && { apiKey }), ...rest }).chatModel(model),
  },
} as const satisfies Record<Service, ServiceFacts>;

const defaultTimeout = 120_000;

/** A model behind an address, through the AI SDK. Retries are the caller's: the SDK's own are off. */
export async function openRemote(spec: RemoteSpec, options: RemoteOptions = {}): Promise<Provider> {
  const environment = options.environment ?? process.env;
  const service: ServiceFacts = services[spec.service];
  const baseURL = addressOf(spec, service, environment);
  const apiKey = keyOf(spec, service, options, environment);
  const name =
    spec.service === "openai-compatible" ? `${baseURL}#${spec.model}` : `${spec.service}:${spec.model}`;
  if (apiKey)
    checkWay(name, baseURL, apiKey, options.keyOverHttp || isPrivateConnection(baseURL, environment));
  const connection = { model: spec.model, baseURL, apiKey, fetch: modelFetch };
  const blot = blotter(apiKey);
  const model = service.create(connection);
  const send = (to: LanguageModel, ask: Ask, signal: AbortSignal) => call(to, service, ask, options, signal);
  return {
    name,
    family: await familyFor(spec, service, options, connection),
    identity: baseURL,
    isLocal: false,
    concurrency: 4,
    async ask(ask, signal) {
      const limit = AbortSignal.timeout(options.timeout ?? defaultTimeout);
      try {
        const reply = await send(model, ask, AbortSignal.any([signal, limit]));
        return { ...reply, text: blot(reply.text) };
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (limit.aborted)
          throw new ProviderError(
            "transient",
            `${name}: no answer within ${options.timeout ?? defaultTimeout} ms`,
          );
        throw providerError(error, name, blot);
      }
    },
    describe: (ask) => describe(service, connection, ask, send),
    async close() {},
  };
}

/** Throws where a key would go over a network in the clear, or stands in what is written to run folders. */
function checkWay(name: string, baseURL: string, apiKey: string, isAllowed: boolean): void {
  if (apiKey.length >= 8 && `${name} ${baseURL}`.includes(apiKey))
    throw new UserError("eval: --model and --base-url must be without the key, got one that holds it");
  if (isAllowed) return;
  const { origin } = new URL(baseURL);
  const what = `eval: ${name}: ${origin} is not encrypted and not this machine, so no key is sent there`;
  throw new UserError(`${what}; use https, or let it go in the clear with --key-over-http`);
}

/** The family that is asked for, that of the service, what the server itself says, or what the model's name says. */
async function familyFor(
  { model }: RemoteSpec,
  service: ServiceFacts,
  { family }: RemoteOptions,
  connection: Connection,
): Promise<AnswerFamily> {
  const known = family ?? service.family;
  if (known !== undefined) return familyOf(known);
  return (await servedFamily(connection)) ?? familyOf(familyByName(model));
}

/** How long a server is asked for a model's record, milliseconds: most have none. */
const patience = 3000;

/** As `serve-api` says it of a model; undefined for other servers. */
async function servedFamily({
  baseURL,
  model,
  apiKey,
  fetch,
}: Connection): Promise<AnswerFamily | undefined> {
  const url = `${baseURL}/models/${encodeURIComponent(model)}`;
  const headers = new Headers(apiKey ? { Authorization: `Bearer ${apiKey}` } : {});
  try {
    const reply = await fetch(url, { headers, signal: AbortSignal.timeout(patience) });
    if (!reply.ok) return undefined;
    const record = await readLimited(reply, longestBody.failure, url);
    const { fovea } = parseJson(Buffer.from(record).toString("utf8"), url) as { fovea?: unknown };
    if (fovea === undefined) return undefined;
    const asking = parseAsking(fovea, url);
    const { processedSize } = familyOf(familyIn(asking.name));
    return {
      ...asking,
      description: `${model}, as its server says`,
      ...(processedSize && { processedSize }),
    };
  } catch {
    return undefined; // No such server, or one of another kind: what is wrong with it comes out when it is asked.
  }
}

function addressOf(
  spec: RemoteSpec,
  { urlEnv, url }: ServiceFacts,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const set = urlEnv === undefined ? undefined : environment[urlEnv];
  const given = spec.baseUrl ?? (set ? checkedUrl(set, urlEnv as string) : undefined) ?? url;
  if (given === undefined) throw new UserError(`eval: ${spec.service}:${spec.model} needs --base-url`);
  return given;
}

function keyOf(
  spec: RemoteSpec,
  service: ServiceFacts,
  { keyEnv = service.keyEnv, withoutKey = false }: RemoteOptions,
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  if (keyEnv === undefined || withoutKey) return undefined;
  const key = headerSecret(environment[keyEnv], "eval", keyEnv);
  if (key !== undefined) return key;
  throw new UserError(
    `eval: ${spec.service}:${spec.model} needs a key in the environment variable ${keyEnv}`,
  );
}

async function call(
  model: LanguageModel,
  service: ServiceFacts,
  { image, prompt, maxOutputTokens }: Ask,
  { temperature }: RemoteOptions,
  abortSignal: AbortSignal,
): Promise<Reply> {
  globalThis.AI_SDK_LOG_WARNINGS = false; // They come back with the reply; the run shows each once.
  const { text, usage, finishReason, warnings } = await generateText({
    model,
    maxRetries: 0,
    maxOutputTokens,
    abortSignal,
    ...(temperature !== undefined && { temperature }),
    ...(service.request && { providerOptions: service.request }),
    messages: [
      {
        role: "user",
        content: [
          {
            type: "file",
            mediaType: image.mediaType,
            data: image.bytes,
            ...(service.picture && { providerOptions: service.picture }),
          },
          { type: "text", text: prompt },
        ],
      },
    ],
  });
  // Some servers under load send an answer without content; one held back by a filter says so.
  if (text === "" && !["stop", "length", "content-filter"].includes(finishReason))
    throw new Error("the answer holds no text");
  return {
    text,
    ...(usage.inputTokens !== undefined && { inputTokens: usage.inputTokens }),
    ...(usage.outputTokens !== undefined && { outputTokens: usage.outputTokens }),
    ...(finishReason !== "stop" && { stopped: stoppedBy(finishReason) }),
    ...(warnings?.length && { warnings: warnings.map(warningText) }),
  };
}

function stoppedBy(reason: string): NonNullable<Reply["stopped"]> {
  return reason === "length" || reason === "content-filter" ? reason : "other";
}

function warningText(warning: object): string {
  const { feature, details, message, setting } = warning as Record<string, string | undefined>;
  return [feature ?? setting, details ?? message ?? "is not supported"].filter(Boolean).join(": ");
}

/** Builds the request up to the moment of sending it. */
async function describe(
  service: ServiceFacts,
  connection: Connection,
  ask: Ask,
  send: (to: LanguageModel, ask: Ask, signal: AbortSignal) => Promise<Reply>,
): Promise<RequestDescription> {
  let caught: RequestDescription | undefined;
  const watch: typeof fetch = async (to, init) => {
    caught = { to: String(to), body: withoutPicture(JSON.parse(String(init?.body)), ask) };
    throw new Error("not sent");
  };
  await send(
    service.create({ ...connection, apiKey: "none", fetch: watch }),
    ask,
    new AbortController().signal,
  ).catch((error) => {
    if (caught === undefined) throw error;
  });
  return caught as RequestDescription;
}

/** The body with the picture's bytes as their size and hash. */
function withoutPicture(body: unknown, { image }: Ask): unknown {
  const base64 = Buffer.from(image.bytes).toString("base64");
  const hash = createHash("sha256").update(image.bytes).digest("hex");
  const short = `<${image.bytes.length} bytes, ${image.width} x ${image.height} pixels, SHA-256 ${hash}>`;
  return JSON.parse(
    JSON.stringify(body, (_, value) => (typeof value === "string" ? value.replace(base64, short) : value)),
  );
}
