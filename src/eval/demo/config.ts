import type { AttentionOfQuery } from "../item.ts";

/** A model that the demo shows, by its folder in the repository or in the package of the twins. */
export interface DemoModel {
  readonly folder: string;
  readonly label: string;
}

/**
 * The twins: the same data, order, steps and seed; only the loss differs. The second one is the one to look
 * at.
 */
export const demoModels: readonly [DemoModel, DemoModel] = [
  { folder: "checkpoints/ntp", label: "next token only" },
  { folder: "checkpoints/full", label: "with LLL + KLAL" },
];

/** Scenes that are scored, and of these how many, from the first, are shown. */
export const demoScenes = { scored: 192, shown: 4, questionsShown: 2 } as const;

/** Whose attention the demo shows. */
export const demoQuery: AttentionOfQuery["query"] = "predicting";
