/**
 * The API as an OpenAPI 3.1 document, made of the schemas by which requests are read and answers are typed:
 *
 *     npm run openapi        writes openapi.json beside this file
 */
import * as z from "zod";
import * as replies from "./replies/schemas.ts";
import { chatRequest } from "./requests/chat.ts";
import { completionsRequest } from "./requests/completions.ts";
import { responsesRequest } from "./requests/responses.ts";

const schemas = {
  ChatRequest: chatRequest,
  ChatCompletion: replies.chatCompletion,
  ChatChunk: replies.chatChunk,
  CompletionsRequest: completionsRequest,
  TextCompletion: replies.textCompletion,
  ResponsesRequest: responsesRequest,
  Response: replies.response,
  Model: replies.model,
  ModelList: replies.modelList,
  Maps: replies.maps,
  Geometry: replies.geometry,
  ScoredPlace: replies.scoredPlace,
  Usage: replies.usage,
  Error: replies.failure,
} as const;

type Name = keyof typeof schemas;

const reference = (name: Name) => ({ $ref: `#/components/schemas/${name}` });
const json = (name: Name) => ({ "application/json": { schema: reference(name) } });
const failed = { description: "What is wrong, and which field", content: json("Error") };

function generating(operationId: string, summary: string, request: Name, whole: Name, event?: Name) {
  const stream = event === undefined ? { type: "string" } : reference(event);
  return {
    post: {
      operationId,
      summary,
      requestBody: { required: true, content: json(request) },
      responses: {
        200: {
          description: "The answer; with stream, events whose data are of the second type, then [DONE]",
          content: { ...json(whole), "text/event-stream": { schema: stream } },
        },
        default: failed,
      },
    },
  };
}

const reading = (
  operationId: string,
  summary: string,
  content: object,
  parameters: readonly object[] = [],
) => ({
  get: {
    operationId,
    summary,
    ...(parameters.length > 0 && { parameters }),
    responses: { 200: { description: summary, content }, default: failed },
  },
});

const text = { "text/plain": { schema: { type: "string" } } };
const alive = {
  "application/json": {
    schema: {
      type: "object",
      properties: { status: { const: "ok" }, busy: { type: "integer" } },
      required: ["status", "busy"],
    },
  },
};
const id = { name: "id", in: "path", required: true, schema: { type: "string" } };

/** The document, as plain JSON. */
export function openApi(): object {
  return {
    openapi: "3.1.0",
    info: {
      title: "Fovea: a vision-language model behind OpenAI's API",
      version: "1",
      description:
        "Served by `fovea serve-api` (docs/serve-api.md). The field `fovea` of requests and answers is Fovea's own: " +
        "where the picture's tokens say words, and where the answer looked.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "http://127.0.0.1:8000" }],
    paths: {
      "/v1/chat/completions": generating(
        "createChatCompletion",
        "Answers a conversation",
        "ChatRequest",
        "ChatCompletion",
        "ChatChunk",
      ),
      "/v1/completions": generating(
        "createCompletion",
        "Goes on with a text",
        "CompletionsRequest",
        "TextCompletion",
        "TextCompletion",
      ),
      "/v1/responses": generating(
        "createResponse",
        "Answers a conversation; nothing of it is kept",
        "ResponsesRequest",
        "Response",
      ),
      "/v1/models": reading("listModels", "The one model that is served", json("ModelList")),
      "/v1/models/{id}": reading("retrieveModel", "The model by its name", json("Model"), [id]),
      "/health": reading("health", "Whether the server lives", alive),
      "/metrics": reading("metrics", "Figures for Prometheus", text),
    },
    components: {
      schemas: componentSchemas(),
      securitySchemes: { key: { type: "http", scheme: "bearer" } },
    },
    security: [{}, { key: [] }],
  };
}

/** Each by its name, with references to one another. */
function componentSchemas(): object {
  const registry = z.registry<{ readonly id: string }>();
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id });
  const uri = (id: string) => `#/components/schemas/${id}`;
  const { schemas: written } = z.toJSONSchema(registry, { uri, unrepresentable: "any", io: "input" });
  return Object.fromEntries(
    Object.entries(written).map(([name, { $id, $schema, ...schema }]) => [name, schema]),
  );
}

if (process.argv[1] === import.meta.filename) process.stdout.write(`${JSON.stringify(openApi(), null, 2)}\n`);
