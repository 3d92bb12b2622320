/** What is answered, as schemas: the types of the replies and the OpenAPI file are made of them. */
import * as z from "zod";

const count = z.int().min(0);

const scoredToken = z.strictObject({
  token: z.string().describe("The token's text alone."),
  bytes: z.array(z.int().min(0).max(255)).nullable().describe("In UTF-8; null for a part of a character."),
  logprob: z.number().describe("The model's own, before penalties and temperature."),
});

/** A token of an answer with its log-probability. */
export const scoredPlace = scoredToken.extend({ top_logprobs: z.array(scoredToken) });

const finish = z.enum(["stop", "length"]);

const size = z.strictObject({ width: count, height: count });

/** `ImageGeometry` of src/common. */
export const geometry = z
  .strictObject({
    original: size,
    processed: size,
    scaleX: z.number(),
    scaleY: z.number(),
    offsetX: z.number(),
    offsetY: z.number(),
    patch: z.number(),
    grid: z.strictObject({ rows: count, columns: count }),
  })
  .describe("Which pixels of the picture each image token stands for; docs/formats.md.");

const tiles = z.strictObject({ rows: count, columns: count });

const painted = {
  values: z
    .array(z.number())
    .optional()
    .describe("[N], one for each image token in row order of geometry.grid."),
  picture: z.string().optional().describe("data:image/png, the map over the picture (format: png)."),
};

/** What the field `fovea` gives. */
export const maps = z
  .strictObject({
    image: z
      .strictObject({ width: count, height: count })
      .describe("The picture's size, upright, in pixels."),
    lens: z
      .strictObject({
        geometry,
        tiles,
        space: z.string().describe("What the values are: probability."),
        vocabulary: count,
        concepts: z.array(
          z.strictObject({
            word: z.string(),
            ids: z.array(count),
            layers: z.array(
              z.strictObject({
                layer: count.describe("0 is the decoder's input."),
                peak: z.strictObject({ value: z.number(), row: count, column: count }),
                ...painted,
              }),
            ),
          }),
        ),
      })
      .optional()
      .describe(
        "Where the picture's tokens say the words, read from the picture alone, as fovea lens reads it.",
      ),
    attention: z
      .strictObject({
        geometry,
        tiles,
        tokens: z.array(
          z.strictObject({
            id: count,
            token: z.string(),
            layers: z.array(
              z.strictObject({
                layer: count.describe("From 1."),
                share: z.number().describe("Of all attention, what lies on the image; mean over heads."),
                ...painted,
                heads: z.array(z.strictObject({ share: z.number(), ...painted })).optional(),
              }),
            ),
          }),
        ),
      })
      .optional()
      .describe(
        "Where the positions that predict the answer's tokens attend; each head has sum 1 over the image.",
      ),
  })
  .describe("Maps of the first answer, where the request has the field fovea.");

/** Tokens of chat completions and completions. */
export const usage = z.strictObject({ prompt_tokens: count, completion_tokens: count, total_tokens: count });

const chatScores = z.strictObject({ content: z.array(scoredPlace), refusal: z.null() }).nullable();

/** `POST /v1/chat/completions` */
export const chatCompletion = z.strictObject({
  id: z.string(),
  object: z.literal("chat.completion"),
  created: z.int(),
  model: z.string(),
  choices: z.array(
    z.strictObject({
      index: count,
      message: z.strictObject({ role: z.literal("assistant"), content: z.string(), refusal: z.null() }),
      logprobs: chatScores,
      finish_reason: finish,
    }),
  ),
  usage,
  fovea: maps.optional(),
});

/** An event of its stream. */
export const chatChunk = z.strictObject({
  id: z.string(),
  object: z.literal("chat.completion.chunk"),
  created: z.int(),
  model: z.string(),
  choices: z.array(
    z.strictObject({
      index: count,
      delta: z.strictObject({
        role: z.literal("assistant").optional(),
        content: z.string().optional(),
        refusal: z.null().optional(),
      }),
      logprobs: chatScores,
      finish_reason: finish.nullable(),
    }),
  ),
  usage: usage.nullable().optional(),
  fovea: maps.optional(),
});

const textScores = z
  .strictObject({
    tokens: z.array(z.string()),
    token_logprobs: z.array(z.number()),
    top_logprobs: z.array(z.record(z.string(), z.number())),
    text_offset: z.array(count),
  })
  .nullable();

/** `POST /v1/completions`; events of its stream have the same shape, with null as finish_reason before the end. */
export const textCompletion = z.strictObject({
  id: z.string(),
  object: z.literal("text_completion"),
  created: z.int(),
  model: z.string(),
  choices: z.array(
    z.strictObject({
      index: count,
      text: z.string(),
      logprobs: textScores,
      finish_reason: finish.nullable(),
    }),
  ),
  usage: usage.nullable().optional(),
});

const outputText = z.strictObject({
  type: z.literal("output_text"),
  text: z.string(),
  annotations: z.array(z.never()),
  logprobs: z.array(scoredPlace),
});

const outputMessage = z.strictObject({
  id: z.string(),
  type: z.literal("message"),
  status: z.enum(["in_progress", "completed", "incomplete"]),
  role: z.literal("assistant"),
  content: z.array(outputText),
});

/** `POST /v1/responses` */
export const response = z.strictObject({
  id: z.string(),
  object: z.literal("response"),
  created_at: z.int(),
  status: z.enum(["in_progress", "completed", "incomplete"]),
  error: z.null(),
  incomplete_details: z.strictObject({ reason: z.literal("max_output_tokens") }).nullable(),
  instructions: z.null(),
  metadata: z.strictObject({}),
  model: z.string(),
  output: z.array(outputMessage),
  parallel_tool_calls: z.literal(false),
  previous_response_id: z.null(),
  store: z.literal(false),
  temperature: z.number(),
  text: z.strictObject({ format: z.strictObject({ type: z.literal("text") }) }),
  tool_choice: z.literal("none"),
  tools: z.array(z.never()),
  top_p: z.number(),
  truncation: z.literal("disabled"),
  usage: z
    .strictObject({
      input_tokens: count,
      input_tokens_details: z.strictObject({ cached_tokens: count }),
      output_tokens: count,
      output_tokens_details: z.strictObject({ reasoning_tokens: count }),
      total_tokens: count,
    })
    .nullable(),
  fovea: maps.optional(),
});

/** Every answer with a status of 400 or more. */
export const failure = z.strictObject({
  error: z.strictObject({
    message: z.string(),
    type: z.string(),
    param: z.string().nullable(),
    code: z.string().nullable(),
  }),
});

/** An entry of `GET /v1/models`. */
export const model = z.strictObject({
  id: z.string(),
  object: z.literal("model"),
  created: z.int(),
  owned_by: z.literal("fovea"),
  fovea: z.looseObject({}).describe("How the model is asked."),
});

/** `GET /v1/models` */
export const modelList = z.strictObject({ object: z.literal("list"), data: z.array(model) });

export type ChatCompletion = z.infer<typeof chatCompletion>;
export type ChatChunk = z.infer<typeof chatChunk>;
export type TextCompletion = z.infer<typeof textCompletion>;
export type ResponseBody = z.infer<typeof response>;
export type OutputMessage = z.infer<typeof outputMessage>;
export type MapsReply = z.infer<typeof maps>;
export type ScoredPlaceBody = z.infer<typeof scoredPlace>;
