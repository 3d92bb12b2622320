/** Does the jobs of job.ts with an open model. */
import { attentionMaps } from "../../lens/attention.ts";
import { glance } from "../../lens/glance.ts";
import { lensMaps } from "../../lens/logit-lens.ts";
import { ask } from "../../vlm/ask.ts";
import type { Vlm } from "../../vlm/open.ts";
import type { Given, JobKind, Result } from "./job.ts";
import { knockOut } from "./knock-out.ts";
import { locality } from "./locality.ts";
import { relevance } from "./relevance.ts";
import { words } from "./words.ts";

/** What a job may ask while it is done. */
export interface JobContext {
  /** Aborted once nobody wants the result: a job that has not begun is not done. */
  readonly signal: AbortSignal;
}

type Work = {
  readonly [K in JobKind]: (model: Vlm, given: Given<K>, context: JobContext) => Promise<Result<K>>;
};

const work: Work = {
  glance: (model, { picture, ...asked }) => glance(model, picture, asked),
  lens: (model, { picture, words, options }) => lensMaps(model, picture, words, options),
  attention: (model, { picture, question, ...options }) => attentionMaps(model, picture, question, options),
  words,
  knockOut,
  locality,
  relevance,
  ask: (model, { picture, question, ...options }) => ask(model, picture, question, options),
};

export const jobKinds: readonly string[] = Object.keys(work);

export function isJobKind(kind: string): kind is JobKind {
  return Object.hasOwn(work, kind);
}

/** Throws a UserError where the job cannot be done as it is given. */
export function perform<K extends JobKind>(
  model: Vlm,
  kind: K,
  given: Given<K>,
  context: JobContext,
): Promise<Result<K>> {
  context.signal.throwIfAborted();
  return work[kind](model, given, context);
}
