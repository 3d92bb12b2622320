/** The tasks that draw their own pictures. */
import { blindTasks } from "./blind/index.ts";
import type { DrawnTask } from "./drawn.ts";
import { lineTracing } from "./line-tracing/index.ts";

/** Every task that draws its own pictures. A new one is its file and a line here. */
export const drawnTasks = {
  "line-tracing": lineTracing,
  ...blindTasks,
} as const satisfies Record<string, DrawnTask>;

export type DrawnTaskName = keyof typeof drawnTasks;
export const drawnTaskNames = Object.keys(drawnTasks) as DrawnTaskName[];

export function isDrawnTask(name: string): name is DrawnTaskName {
  return Object.hasOwn(drawnTasks, name);
}
