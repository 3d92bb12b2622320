import { random } from "../../../src/common/random.ts";
import type { Drawing, LineShape, Point, Shape } from "../../../src/data/drawing/drawing.ts";
import type { Question } from "../../../src/data/example.ts";
import { blindTasks } from "../../../src/data/tasks/blind/index.ts";
import type { DrawnTask } from "../../../src/data/tasks/drawn.ts";

export type BlindName = keyof typeof blindTasks;
export const blindNames = Object.keys(blindTasks) as BlindName[];

export interface Item {
  readonly drawing: Drawing;
  readonly question: Omit<Question, "task">;
  readonly difficulty: Readonly<Record<string, number | string>>;
}

export function taskOf(name: BlindName): DrawnTask {
  return blindTasks[name];
}

/** Items of a task, each from chances of its own. */
export function items(name: BlindName, count: number, options: object = {}): Item[] {
  const task = taskOf(name);
  const parsed = task.options.parse(options);
  return Array.from({ length: count }, (_, i) => itemOf(task, name, i, parsed));
}

export function benchmarkItems(name: BlindName): Item[] {
  const task = taskOf(name);
  const { count, strata } = task.benchmark;
  return Array.from({ length: count }, (_, i) => itemOf(task, name, i, task.options.parse(strata(i))));
}

function itemOf(task: DrawnTask, name: string, index: number, options: unknown): Item {
  const { drawing, questions } = task.make(random("test", name, index), options);
  return { drawing, question: questions[0], difficulty: questions[0].difficulty! };
}

export function lines({ shapes }: Drawing): LineShape[] {
  return shapes.filter((shape): shape is LineShape => shape.kind === "line");
}

export function colourKey({ colour }: Shape): string {
  return colour.join(" ");
}

export function span(a: Point, b: Point): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}

/** Every corner of what a shape covers, stroke included; text by its letter boxes with room for tails. */
export function extent(shape: Shape): Point[] {
  const around = ([x, y]: Point, rx: number, ry = rx): Point[] => [
    [x - rx, y - ry],
    [x + rx, y + ry],
  ];
  switch (shape.kind) {
    case "line":
      return shape.points.flatMap((point) => around(point, shape.width / 2));
    case "disc":
      return around(shape.centre, shape.radius);
    case "ring":
      return around(shape.centre, shape.radius + shape.width / 2);
    case "polygon":
      return [...shape.points];
    case "text":
      return around(shape.centre, (shape.size * shape.text.length) / 2, 0.58 * shape.size);
  }
}

/** Number of 4-connected areas of pixels for which `inside` holds. */
export function areas(width: number, height: number, inside: (pixel: number) => boolean): number {
  const seen = new Uint8Array(width * height);
  let count = 0;
  for (let start = 0; start < seen.length; start++) {
    if (seen[start] === 1 || !inside(start)) continue;
    count++;
    const open = [start];
    seen[start] = 1;
    while (open.length > 0) {
      const pixel = open.pop()!;
      const x = pixel % width;
      const beside = [x > 0 ? pixel - 1 : -1, x < width - 1 ? pixel + 1 : -1, pixel - width, pixel + width];
      for (const next of beside)
        if (next >= 0 && next < seen.length && seen[next] === 0 && inside(next)) {
          seen[next] = 1;
          open.push(next);
        }
    }
  }
  return count;
}
