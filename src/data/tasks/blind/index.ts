/** Seven tasks after "Vision language models are blind" (arXiv 2407.06581). */
import type { DrawnTask } from "../drawn.ts";
import { circledLetter } from "./circled-letter.ts";
import { counting } from "./counting.ts";
import { lineIntersection } from "./line-intersection.ts";
import { markedCell } from "./marked-cell.ts";
import { nestedSquares } from "./nested-squares.ts";
import { pathFollowing } from "./path-following.ts";
import { touchingCircles } from "./touching-circles.ts";

/** Tasks that are easy for people and hard for models that see. A new one is its file and a line here. */
export const blindTasks = {
  "line-intersection": lineIntersection,
  "marked-cell": markedCell,
  counting,
  "touching-circles": touchingCircles,
  "nested-squares": nestedSquares,
  "circled-letter": circledLetter,
  "path-following": pathFollowing,
} as const satisfies Record<string, DrawnTask>;
