/** What a request may ask at most: checked before any work is done for it. */
export interface RequestLimits {
  /** Characters of all texts together. */
  readonly maxText: number;
  /** Messages and parts of them together. */
  readonly maxParts: number;
  readonly maxImages: number;
  /** Values in the whole JSON: lists, objects and what is in them. */
  readonly maxValues: number;
}

/** Characters for each token of the model's context: text of fewer a token is hardly ever met. */
const charactersPerToken = 16;

/** Limits for a model whose context has so many tokens. */
export function defaultLimits(contextTokens: number): RequestLimits {
  return {
    maxText: Math.min(1_000_000, charactersPerToken * contextTokens),
    maxParts: 4096,
    maxImages: 64,
    maxValues: 100_000,
  };
}

export interface ImageRules {
  /** Whether http(s) addresses are fetched. The server then calls any address that a client names. */
  readonly allowUrls: boolean;
  /** Bytes of a fetched picture. */
  readonly maxBytes: number;
  /** Pixels of a decoded picture: a small file can hold a huge one. */
  readonly maxPixels: number;
  /** Pixels of all pictures of a request together. */
  readonly maxTotalPixels: number;
  /** Milliseconds for a fetch. */
  readonly fetchTimeout: number;
}

export const defaultImageRules: ImageRules = {
  allowUrls: false,
  maxBytes: 20 * 2 ** 20,
  maxPixels: 50e6,
  maxTotalPixels: 200e6,
  fetchTimeout: 10_000,
};
