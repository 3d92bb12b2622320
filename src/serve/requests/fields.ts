/** Fields that several APIs have, and how a mistake in one is told. */
import * as z from "zod";
import { ApiError, badRequest } from "../api-error.ts";
import type { RequestLimits } from "./limits.ts";
import type { GenerationRequest, MapsRequest, RequestMessage, Sampling } from "./request.ts";

export const whole = (least: number, most = Number.MAX_SAFE_INTEGER) => {
  const error = `must be a whole number ${most < Number.MAX_SAFE_INTEGER ? `from ${least} to ${most}` : `of at least ${least}`}`;
  return z.int({ error }).min(least, { error }).max(most, { error });
};
const between = (least: number, most: number) => {
  const error = `must be a number from ${least} to ${most}`;
  return z.number({ error }).min(least, { error }).max(most, { error });
};
export const text = z.string({ error: "must be a string" });
export const flag = z.boolean({ error: "must be true or false" });

/** Characters of a stop text: each is searched at every token. */
const longestStop = 1000;
const stopText = text
  .min(1, { error: "must not be empty" })
  .max(longestStop, { error: `must have at most ${longestStop} characters` });

/** Answers to one request. */
const mostChoices = 16;
/** Alternatives told for a token. */
export const mostAlternatives = 20;
/** Words and layers of one request for maps. */
const mostWords = 16;

export const choices = whole(1, mostChoices);

export const stop = z.union([stopText, z.array(stopText).max(4, { error: "must hold at most 4 strings" })], {
  error: "must be a string or a list of strings",
});

/** How tokens are chosen: OpenAI's fields, and those that vLLM and Ollama add. */
export const samplingFields = {
  temperature: between(0, 2).nullish(),
  top_p: between(0, 1).nullish(),
  top_k: z
    .int({ error: "must be a whole number: -1 or 0 for all tokens, else how many" })
    .min(-1, { error: "must be a whole number: -1 or 0 for all tokens, else how many" })
    .nullish(),
  min_p: between(0, 1).nullish(),
  repetition_penalty: between(0.01, 100).nullish(),
  presence_penalty: between(-2, 2).nullish(),
  frequency_penalty: between(-2, 2).nullish(),
  logit_bias: z
    .record(z.string().regex(/^\d{1,9}$/, { error: "must have token ids as names" }), between(-100, 100), {
      error: "must be an object of token ids and numbers from -100 to 100",
    })
    .nullish(),
  seed: z.int({ error: "must be a whole number" }).nullish(),
} as const;

export function samplingOf(fields: z.infer<z.ZodObject<typeof samplingFields>>): Sampling {
  return {
    temperature: fields.temperature ?? 0,
    topP: fields.top_p ?? 1,
    topK: Math.max(0, fields.top_k ?? 0),
    minP: fields.min_p ?? 0,
    ...(fields.repetition_penalty != null && { repetitionPenalty: fields.repetition_penalty }),
    presencePenalty: fields.presence_penalty ?? 0,
    frequencyPenalty: fields.frequency_penalty ?? 0,
    logitBias: Object.entries(fields.logit_bias ?? {}).map(([id, bias]) => [Number(id), bias] as const),
    ...(fields.seed != null && { seed: fields.seed }),
  };
}

/** Variables of the chat template beside the conversation, as vLLM takes them: `{"enable_thinking": false}`. */
export const templateFields = {
  chat_template_kwargs: z.record(z.string(), z.unknown(), { error: "must be an object" }).nullish(),
} as const;

/** What the server itself writes into the template. */
const ownVariables = [
  "messages",
  "add_generation_prompt",
  "bos_token",
  "eos_token",
  "pad_token",
  "unk_token",
];

export function variablesOf(given: Readonly<Record<string, unknown>> | null | undefined) {
  const taken = Object.keys(given ?? {}).find((name) => ownVariables.includes(name));
  if (taken === undefined) return given ?? {};
  const param = `chat_template_kwargs.${taken}`;
  throw badRequest(`${param}: is given by the conversation and may not be named`, param);
}

/** Fovea's own field: maps that come with the answer. */
export const mapFields = {
  fovea: z
    .strictObject(
      {
        lens: z
          .array(text.min(1, { error: "must not be empty" }), { error: "must be a list of words" })
          .max(mostWords, { error: `must hold at most ${mostWords} words` })
          .nullish(),
        attention: z.enum(["image", "heads"], { error: 'must be "image" or "heads"' }).nullish(),
        layers: z
          .union([z.enum(["last", "all"]), z.array(whole(0)).min(1)], {
            error: 'must be "last", "all" or a list of layers',
          })
          .nullish(),
        tokens: z.enum(["all", "first"], { error: 'must be "all" or "first"' }).nullish(),
        format: z.enum(["arrays", "png"], { error: 'must be "arrays" or "png"' }).nullish(),
      },
      { error: "must be an object with lens or attention" },
    )
    .nullish(),
} as const;

export function mapsOf({ fovea }: z.infer<z.ZodObject<typeof mapFields>>): { maps?: MapsRequest } {
  if (fovea == null) return {};
  const { lens, attention, layers, tokens, format } = fovea;
  if ((lens ?? []).length === 0 && attention == null)
    throw badRequest("fovea: must name lens words, attention or both", "fovea");
  return {
    maps: {
      lens: [...new Set(lens ?? [])],
      ...(attention != null && { attention }),
      layers: layers ?? "last",
      tokens: tokens ?? "all",
      format: format ?? "arrays",
    },
  };
}

/** Fields that only say who asks or how to keep books: without effect on the answer, any value passes. */
export const passing = (names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, z.unknown().optional().describe("Without effect.")]));

/** Fields that change the answer and are not supported, as {@link refuseUnsupported} takes them. */
export const unsupported = (neutral: Neutral) =>
  Object.fromEntries(
    Object.entries(neutral).map(([name, values]) => {
      const passes =
        values.length > 0 ? `; only ${values.map((one) => JSON.stringify(one)).join(" or ")} is` : "";
      return [name, z.unknown().optional().describe(`Not supported${passes}.`)];
    }),
  );

export type Neutral = Readonly<Record<string, readonly unknown[]>>;

/** Fields that change the answer and are not supported: only the values that change nothing pass. */
export function refuseUnsupported(json: Readonly<Record<string, unknown>>, neutral: Neutral): void {
  for (const [name, value] of Object.entries(json)) {
    if (value == null || !Object.hasOwn(neutral, name)) continue;
    const allowed = neutral[name].map((item) => JSON.stringify(item));
    if (allowed.includes(JSON.stringify(value))) continue;
    const rule = allowed.length > 0 ? `; only ${allowed.join(" or ")} is` : "";
    throw badRequest(`${name}: ${show(value)} is not supported${rule}`, name, "unsupported_parameter");
  }
}

/** Reads a body by a schema. Throws an {@link ApiError} of status 400 that names the field. */
export function parsed<T>(schema: z.ZodType<T>, json: object): T {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  throw explained(result.error.issues[0], json);
}

export function mustBeObject(json: unknown): asserts json is Readonly<Record<string, unknown>> {
  if (typeof json !== "object" || json === null || Array.isArray(json))
    throw new ApiError("The body must be a JSON object", { status: 400 });
}

/** Before anything walks over them. */
export function mustBeFew(param: string, messages: unknown, { maxParts }: RequestLimits): void {
  if (!Array.isArray(messages)) return;
  const parts = messages.map((message) => message?.content).filter(Array.isArray);
  const count = parts.reduce((sum, list) => sum + list.length, messages.length);
  if (count <= maxParts) return;
  const rule = `must have at most ${maxParts} messages and parts of them together`;
  throw badRequest(`${param}: ${rule}, got ${count}`, param, "array_above_max_length");
}

export function mustBeShort(
  param: string,
  messages: readonly RequestMessage[],
  { maxText, maxImages }: RequestLimits,
): void {
  const parts = messages.flatMap((message) => message.parts);
  const images = parts.filter(({ type }) => type === "image").length;
  if (images > maxImages) {
    const found = `must have at most ${maxImages} pictures, got ${images}`;
    throw badRequest(`${param}: ${found}`, param, "array_above_max_length");
  }
  const length = parts.reduce((sum, part) => sum + (part.type === "text" ? part.text.length : 0), 0);
  if (length <= maxText) return;
  const found = `must have at most ${maxText} characters of text, got ${length}`;
  throw badRequest(`${param}: ${found}`, param, "string_above_max_length");
}

/** A request's most new tokens by the fields that may say so; they must not contradict each other. */
export function maxTokensOf(
  ...fields: readonly (readonly [param: string, value: number | null | undefined])[]
): Pick<GenerationRequest, "maxTokens"> {
  const said = fields.flatMap(([param, value]) => (value == null ? [] : [{ param, value }]));
  const [first, second] = said;
  if (first === undefined) return {};
  if (second === undefined || second.value === first.value) return { maxTokens: first };
  const rule = `must not contradict each other, got ${second.value} and ${first.value}`;
  throw badRequest(`${second.param} and ${first.param}: ${rule}`, first.param);
}

type Issue = z.core.$ZodIssue;

/** zod's finding as a 400: the field, what it must be, what it was. */
function explained(found: Issue, json: unknown): ApiError {
  const issue = deepest(found);
  if (issue.code === "unrecognized_keys") {
    const name = paramOf([...issue.path, issue.keys[0]]);
    return badRequest(`${name}: unknown field`, name, "unknown_parameter");
  }
  const param = paramOf(issue.path);
  const value = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown>)?.[key], json);
  if (value === undefined)
    return badRequest(`${param}: is missing; it ${issue.message}`, param, "missing_required_parameter");
  return badRequest(`${param}: ${issue.message}, got ${show(value)}`, param);
}

/** Of the ways in which no member of a union fits, the one that got furthest. */
function deepest(issue: Issue): Issue {
  if (issue.code !== "invalid_union" || issue.errors.length === 0) return issue;
  const inner = issue.errors.map(([first]) => deepest({ ...first, path: [...issue.path, ...first.path] }));
  const best = inner.reduce((a, b) => (b.path.length > a.path.length ? b : a));
  return best.path.length > issue.path.length ? best : issue;
}

/** `messages[0].content[1].type` */
function paramOf(path: readonly PropertyKey[]): string {
  return path
    .map((key, i) => (typeof key === "number" ? `[${key}]` : `${i > 0 ? "." : ""}${String(key)}`))
    .join("");
}

/** A value in an error, cut short: pictures come as long strings. */
function show(value: unknown): string {
  const json = JSON.stringify(value);
  return json.length > 80 ? `${json.slice(0, 77)}...` : json;
}
