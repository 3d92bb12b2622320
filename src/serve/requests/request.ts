/** What is asked, whichever address it came to: the three APIs read into one shape. */

/** The addresses that generate: chat completions, completions of a text, responses. */
export const apis = ["chat", "completions", "responses"] as const;
export type Api = (typeof apis)[number];

/** A part of a message. `param` names where it stood in the request. */
export type RequestPart =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "image"; readonly url: string; readonly param: string };

export interface RequestMessage {
  readonly role: "system" | "user" | "assistant";
  readonly parts: readonly RequestPart[];
}

/** How the next token is chosen from the model's logits. */
export interface Sampling {
  /** 0: the most probable token always. */
  readonly temperature: number;
  /** Draws from the fewest most probable tokens whose probability is at least this (nucleus sampling). */
  readonly topP: number;
  /** Draws from so many most probable tokens; 0: all. */
  readonly topK: number;
  /** Leaves out tokens less probable than this share of the most probable one. */
  readonly minP: number;
  /** Divides the logits of tokens that stand in the prompt or were said; undefined: as the model's folder says. */
  readonly repetitionPenalty?: number;
  /** Taken from the logit of a token that was said. */
  readonly presencePenalty: number;
  /** Taken from the logit of a token each time it was said. */
  readonly frequencyPenalty: number;
  /** Added to the logits of tokens, by their ids. */
  readonly logitBias: readonly (readonly [id: number, bias: number])[];
  /** The same seed draws the same tokens. */
  readonly seed?: number;
}

/** Maps that come with the answer: what the picture's tokens say, and where the answer looked. */
export interface MapsRequest {
  /** Words whose maps are read by the logit lens. */
  readonly lens: readonly string[];
  /** Attention over the picture: the mean of the heads, or each of them too. */
  readonly attention?: "image" | "heads";
  /** The last layer, every layer, or these. */
  readonly layers: "last" | "all" | readonly number[];
  /** Every token of the answer, or the first alone. */
  readonly tokens: "all" | "first";
  /** Numbers, or pictures in PNG. */
  readonly format: "arrays" | "png";
}

export interface GenerationRequest {
  readonly api: Api;
  readonly model: string;
  /** A conversation for the model's chat template, or a text that it goes on with as it stands. */
  readonly prompt:
    | { readonly messages: readonly RequestMessage[]; readonly variables: Readonly<Record<string, unknown>> }
    | { readonly text: string };
  readonly stream: boolean;
  readonly includeUsage: boolean;
  /** Most new tokens, and the field that said so. */
  readonly maxTokens?: { readonly value: number; readonly param: string };
  readonly stop: readonly string[];
  readonly sampling: Sampling;
  /** Answers to give. */
  readonly choices: number;
  /** Tokens told beside each token of the answer, with their log-probabilities; undefined: not even its own. */
  readonly alternatives?: number;
  readonly maps?: MapsRequest;
}
