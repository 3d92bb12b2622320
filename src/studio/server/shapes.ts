/**
 * The fields of jobs and their types, as strangers must keep to them; an issue's message is the rule that was broken. Which
 * values make sense (layers that a model has, words that it knows) the jobs say themselves.
 */
import { z } from "zod";
import { knockOutFroms } from "../../lens/knock-out.ts";
import { lensSpaces, tokenRules } from "../../lens/logit-lens.ts";
import type { JobKind } from "../jobs/job.ts";
import { limits } from "./limits.ts";

const text = z.string("a text");
const number = z.number("a finite number");
const flag = z.boolean("true or false");
const listOf = <T extends z.ZodType>(item: T) => z.array(item, "a list");
const fields = <T extends z.ZodRawShape>(shape: T) => z.object(shape, "an object");
const oneOf = (names: readonly string[]) => z.enum(names, `one of ${names.join(", ")}`);

const picture = fields({
  width: number,
  height: number,
  data: z.instanceof(Uint8Array, { error: "a Uint8Array" }),
});

const newTokensRule = `a whole number from 1 to ${limits.newTokens}`;
const maxNewTokens = z
  .int(newTokensRule)
  .min(1, newTokensRule)
  .max(limits.newTokens, newTokensRule)
  .optional();

const knockOut = fields({
  patches: listOf(number).optional(),
  globalPatches: listOf(number).optional(),
  only: flag.optional(),
  heads: listOf(fields({ layer: number, head: number })).optional(),
  layers: listOf(number).optional(),
  from: oneOf(knockOutFroms).optional(),
});

const point = z.tuple([number, number], "a pair of numbers");
const region = z.discriminatedUnion(
  "kind",
  [
    fields({ kind: z.literal("box"), box: z.tuple([number, number, number, number], "four numbers") }),
    fields({ kind: z.literal("mask"), size: point, counts: listOf(number) }),
    fields({ kind: z.literal("points"), points: listOf(point) }),
    fields({ kind: z.literal("polyline"), points: listOf(point) }),
  ],
  "box, mask, points or polyline",
);

const question = { picture, question: text };

const look = {
  prompt: flag.optional(),
  regions: listOf(region).optional(),
  topK: number.optional(),
  maxNewTokens,
};

export const shapes: Readonly<Record<JobKind, z.ZodType>> = {
  glance: fields({
    picture,
    words: listOf(text).optional(),
    questions: listOf(text).optional(),
    top: number.optional(),
    layers: oneOf(["last", "all"]).optional(),
    heads: flag.optional(),
    maxNewTokens,
  }),
  lens: fields({
    picture,
    words: listOf(text),
    options: fields({
      space: oneOf(lensSpaces).optional(),
      tokens: oneOf(tokenRules).optional(),
      norm: flag.optional(),
      topK: number.optional(),
      ranks: flag.optional(),
      knockOut: knockOut.optional(),
    }).optional(),
  }),
  attention: fields({ ...question, ...look, knockOut: knockOut.optional() }),
  words: fields({
    picture,
    patches: listOf(number),
    words: listOf(text),
    options: fields({
      topK: number.optional(),
      norm: flag.optional(),
      knockOut: knockOut.optional(),
    }).optional(),
  }),
  knockOut: fields({
    ...question,
    knockOut,
    options: fields({ ...look, words: listOf(text).optional() }).optional(),
  }),
  locality: fields({ picture, truth: listOf(fields({ word: text, regions: listOf(region) })).optional() }),
  relevance: fields({
    ...question,
    options: fields({ maxNewTokens, knockOut: knockOut.optional() }).optional(),
  }),
  ask: fields({ ...question, maxNewTokens }),
};
