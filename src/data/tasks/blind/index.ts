import type { DrawnTask } from "../drawn.ts";
import { lineIntersection } from "./line-intersection.ts";
import { markedCell } from "./marked-cell.ts";

/** Tasks that are easy for people and hard for vision-language models. A new one is its file and a line here. */
export const blindTasks = {
  "line-intersection": lineIntersection,
  "marked-cell": markedCell,
} as const satisfies Record<string, DrawnTask>;
