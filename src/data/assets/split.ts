/** The parts that a stream of examples is split into, which share no scene. */
export const splits = ["train", "validation", "test"] as const;
export type Split = (typeof splits)[number];
