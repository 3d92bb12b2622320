/** What is taken from one request, and for all of them together. */
export const limits = {
  /** Bytes of a job that a model is given: a picture of some 50 million pixels. */
  job: 160 * 2 ** 20,
  /** Bytes of its text, beside pictures and other arrays. */
  jobText: 2 ** 20,
  /** Bytes of all requests that came and are not answered. */
  held: 512 * 2 ** 20,
  /** Pixels of a picture. */
  pixels: 50e6,
  /** Characters of all texts of a job, and values in its lists. */
  text: 100_000,
  values: 100_000,
  /** New tokens of an answer. */
  newTokens: 4096,
  /** Jobs that may wait for one model. */
  waiting: 32,
} as const;
