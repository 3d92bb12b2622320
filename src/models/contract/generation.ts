/** Greedy generation as its callers know it: prompts in, tokens out, all at once or one by one. */
import type { NdArray } from "../../engine/array.ts";
import type { CachedFunctions } from "../../engine/cached.ts";
import type { HostArray } from "../../engine/host.ts";
import type { Machine } from "../../engine/runtime/runtime.ts";
import type { ImageLayout, RowLayout } from "../inputs/inputs.ts";
import type { RowRoom } from "../inputs/padding.ts";
import type { VlmParams } from "./parts.ts";

/** How answers are generated: their length, their ends, a penalty of repetitions. */
export interface GeneratorOptions {
  /** Most new tokens of one call; sizes the key-value cache. */
  readonly maxNewTokens: number;
  /** Tokens that end an answer; default: the config's. */
  readonly eosTokenIds?: readonly number[];
  /**
   * Makes tokens less likely that stand in the prompt or were said: logits above 0 are divided by it, others multiplied
   * (Keskar et al., arXiv 1909.05858; `repetition_penalty` of generation_config.json). Default 1: not.
   */
  readonly repetitionPenalty?: number;
  /** Whether to return how probable each new token was. */
  readonly logProbabilities?: boolean;
  /** Whether to return where each new token's prediction attended. */
  readonly imageAttention?: boolean;
  /** Where programs of its own run. */
  readonly machine?: Machine;
  /**
   * Where programs are kept, with a text that tells models of other configs apart; they stay there when the generator
   * goes. Default: a place of its own.
   */
  readonly programs?: { readonly functions: CachedFunctions; readonly kind: string };
}

/** One row's answer. */
export interface Generation {
  /** New tokens, with the end token where one came. */
  readonly tokens: readonly number[];
  /** log p(token | everything before), for each of `tokens`, without the penalty; empty unless asked for. */
  readonly logProbabilities: readonly number[];
  /** Whether an end token came before the limit. */
  readonly ended: boolean;
  /**
   * For each of `tokens`, for each layer that has attention: attention [H, N] of the position that predicts it, over the image
   * tokens, not renormalised (each head's sum is its share of attention on the image). Empty unless asked
   * for.
   */
  readonly imageAttention: readonly (readonly HostArray<"float32">[])[];
}

/**
 * What is knocked out of prompts (nn/knock-out.ts), the same of each; tokens by their places in `PromptRow.ids`. New tokens see
 * as little as `queries` do.
 */
export interface PromptKnockOut {
  /** Tokens that see less. */
  readonly queries: readonly number[];
  /** Tokens that those do not see, in no head. */
  readonly keys: readonly number[];
  /** [A, H] for layers that have attention: 1 for heads in which those do not see any image token. */
  readonly heads: HostArray<"float32">;
}

export interface StreamOptions {
  readonly maxNewTokens: number;
  /** The next token from its logits [V], and from those without the penalty; default: the most probable. */
  readonly choose?: (logits: Float32Array, unpenalised: Float32Array) => number;
  /** Default: the generator's own. */
  readonly repetitionPenalty?: number;
}

/** A prompt with its images. */
export interface PromptRow {
  readonly ids: readonly number[];
  /** Where the images' tokens stand in `ids`. */
  readonly layout: RowLayout;
  /** One for each image of the layout. */
  readonly images: readonly { readonly pixelValues: HostArray<"float32"> }[];
}

/** A room for rows of prompts that is the same from call to call, so that programs are too. */
export interface PlannedRoom {
  readonly room: RowRoom;
  /** Places for prompts in each row. */
  readonly width: number;
  /** Rows of the pass, where these are enough; default: as many as there are, rounded up. */
  readonly batch?: number;
}

/** How prompts were laid out in rows. */
export interface PromptRows {
  /** The row of each prompt. */
  readonly rowOf: readonly number[];
  /** Where the rows' image tokens stand. */
  readonly layout: ImageLayout;
}

/** What else is read in the pass over whole prompts, so that pictures are computed once. */
export interface PromptReading {
  /** Names `read`: the same name is the same function. */
  readonly name: string;
  /** Of L + 1 arrays [B, N, D], hidden states of the rows' image tokens, the decoder's input first; to be compiled. */
  readonly read: (
    params: VlmParams,
    states: readonly NdArray[],
    args: readonly NdArray[],
  ) => readonly NdArray[];
  /** What `read` is given beside them. */
  readonly args: (rows: PromptRows) => readonly HostArray[];
  /** Takes what was read. */
  readonly onRead: (arrays: readonly HostArray[], rows: PromptRows) => void;
}

/** A decoder over one architecture, for any parameters of it. */
export interface Generator<Params> {
  /**
   * Greedy answers to prompts, whose texts and images may differ in length and size. Programs are compiled for the
   * number of prompts and for a room that holds them all, rounded up, and the last used ones are kept.
   */
  generate(
    params: Params,
    prompts: readonly PromptRow[],
    options?: {
      /** Default: the generator's own. */
      readonly maxNewTokens?: number;
      readonly knockOut?: PromptKnockOut;
      /** Default: what holds these prompts, rounded up; also where they do not fit into it. */
      readonly room?: PlannedRoom;
      readonly reading?: PromptReading;
    },
  ): Promise<Generation[]>;
  /**
   * One answer, token by token as they are asked for, with the end token where one comes. The cache grows
   * as needed, whatever the generator's own `maxNewTokens`.
   */
  stream(params: Params, prompt: PromptRow, options: StreamOptions): AsyncIterable<number>;
  /** Number of programs held: bounded, whatever prompts come. */
  readonly programs: number;
  dispose(): Promise<void>;
}
