/** What the models have in common, where it is known. */
import type { Setup, Slot } from "../../studio.ts";

/** One line of models that were trained alike in everything but their losses; undefined of others. */
export function togetherText(
  slots: readonly Pick<Slot, "given" | "title">[],
  { models, others = [] }: Pick<Setup, "models" | "others">,
): string | undefined {
  const trainings = slots.map(({ given, title }) => {
    const all = [...models, ...others];
    return all.find((model) => model.given === given && model.title === title)?.training;
  });
  const [first] = trainings;
  if (slots.length < 2 || first === undefined || trainings.some((one) => one !== first)) return undefined;
  const who = slots.length === 2 ? "Both models" : `All ${slots.length} models`;
  return `${who} learnt from the same pictures in the same order, for as many steps; only their losses differ.`;
}
