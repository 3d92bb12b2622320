/** The interface of what answers questions: a local model or a server. */
import type { AnswerFamily } from "../../answers/families.ts";

/** A picture as it is sent. */
export interface Picture {
  /** For errors: the path of its file. */
  readonly name?: string;
  readonly bytes: Uint8Array;
  readonly mediaType: "image/png" | "image/jpeg" | "image/webp" | "image/gif";
  readonly width: number;
  readonly height: number;
}

export interface Ask {
  readonly image: Picture;
  readonly prompt: string;
  readonly maxOutputTokens: number;
  /** Where it stands among the questions of a run. */
  readonly place?: AskPlace;
}

export interface AskPlace {
  /** From 0, of so many, of which so many are asked at once. */
  readonly index: number;
  readonly of: number;
  readonly abreast: number;
}

export interface Reply {
  readonly text: string;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  /** Of a local model's tokens, those that its tokenizer has no text for. */
  readonly unknownTokens?: number;
  /** Why the answer ended, where it did not end by itself. */
  readonly stopped?: "length" | "content-filter" | "other";
  /** What the provider did not do as asked, for example leave out the temperature. */
  readonly warnings?: readonly string[];
}

/** A model that answers questions about pictures: local or behind an address. */
export interface Provider {
  /** As people name it; without keys and passwords. */
  readonly name: string;
  /** How it is asked, and how it writes places. */
  readonly family: AnswerFamily;
  /** What the name does not fix: a hash of a local model's files, or the address of a server. */
  readonly identity: string;
  /** Runs on this machine, greedily and for free. */
  readonly isLocal: boolean;
  /** How many questions it takes at once unless the user says otherwise. */
  readonly concurrency: number;
  /**
   * Asks once; retries are not its work. Rejects with a {@link ProviderError}, or with the signal's reason when it is
   * aborted.
   */
  ask(ask: Ask, signal: AbortSignal): Promise<Reply>;
  /** Tells of all questions that will be asked, in their order: whoever shares work between them can plan it. */
  readonly expect?: (questions: readonly ExpectedQuestion[]) => void;
  /** What {@link ask} would send, for people: no key, the picture as its size and hash. */
  describe(ask: Ask): Promise<RequestDescription>;
  /** The words of a text that the model cannot tell apart from each other; missing where nobody can tell. */
  readonly unknownWords?: (text: string) => readonly string[];
  close(): Promise<void>;
}

/** A question that will be asked about a picture, at the size at which it will be sent. */
export interface ExpectedQuestion {
  /** The same for questions about the same picture. */
  readonly image: string;
  readonly width: number;
  readonly height: number;
  readonly prompt: string;
}

export interface RequestDescription {
  /** Address, or the folder of a local model. */
  readonly to: string;
  readonly body: unknown;
}

/**
 * - again: the same request may succeed later (408, 409, 429, 5xx, network, half an answer)
 * - refused: this request never will (400, 413, 422), others may
 * - fatal: none will (401, 402, 403, 404, an address that does not exist)
 */
export type FailureKind = "transient" | "refused" | "fatal";

/**
 * What a failed request may cost: nothing where none was sent, the question where it was turned down, or all of it, with the
 * longest answer, where nobody knows what became of it.
 */
export type Billing = "nothing" | "question" | "all";

/** Why there is no answer. Its message is one line and holds no key. */
export class ProviderError extends Error {
  override readonly name = "ProviderError";
  readonly kind: FailureKind;
  readonly billing: Billing;
  readonly status?: number;
  /** How long the server asks to be left alone, milliseconds. */
  readonly retryAfter?: number;

  constructor(kind: FailureKind, message: string, more: FailureFacts = {}) {
    super(message);
    this.kind = kind;
    this.billing = more.billing ?? "all";
    if (more.status !== undefined) this.status = more.status;
    if (more.retryAfter !== undefined) this.retryAfter = more.retryAfter;
  }
}

interface FailureFacts {
  readonly billing?: Billing;
  readonly status?: number;
  readonly retryAfter?: number;
}
