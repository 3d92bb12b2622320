/** The values that the axes of a drawn task take when nobody chooses. */
import { drawnOptions } from "../../../data/tasks/drawn-examples.ts";
import type { DrawnTaskName } from "../../../data/tasks/drawn-registry.ts";

type Value = number | string;

/** Axes with several values, by their names. */
export function axisChoices(task: DrawnTaskName): Record<string, readonly Value[]> {
  const options = drawnOptions(task, {}) as Record<string, unknown>;
  const isValue = (value: unknown): value is Value => typeof value === "number" || typeof value === "string";
  return Object.fromEntries(
    Object.entries(options).flatMap(([axis, values]) =>
      axis !== "size" && Array.isArray(values) && values.length > 1 && values.every(isValue)
        ? [[axis, values as readonly Value[]] as const]
        : [],
    ),
  );
}
