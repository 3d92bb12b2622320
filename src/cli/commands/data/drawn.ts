import { defineCommand } from "citty";
import { mustBe } from "../../../common/errors.ts";
import { splits } from "../../../data/assets/load.ts";
import type { DrawnTask } from "../../../data/tasks/drawn.ts";
import { axisNames } from "../../../data/tasks/drawn-examples.ts";
import { type DrawnTaskName, drawnTasks } from "../../../data/tasks/drawn-registry.ts";
import { needed, numberIn, oneOf, repeatedWhole } from "../../arguments.ts";
import { strictArgs } from "../../strict.ts";
import { commonArgs, makeAndReport, makeFrozen } from "./common.ts";

/** `data make TASK` for a task that draws its own pictures. */
export function drawnCommand(task: DrawnTaskName) {
  const command = `data make ${task}`;
  const { description }: DrawnTask = drawnTasks[task];
  const args = {
    ...commonArgs,
    split: { type: "string", description: `which images to draw: ${splits.join(", ")} (default train)` },
    size: { type: "string", description: "side of the square images in pixels (default 336)" },
    set: {
      type: "string",
      description: `set an axis of difficulty: NAME=VALUE, NAME=A,B,C or NAME=LOW..HIGH; may be given several times; axes: ${axisNames(task).join(", ")}`,
    },
    preset: { type: "string", description: "benchmark: the frozen test set, the same bytes everywhere" },
  } as const;
  return defineCommand({
    meta: { name: task, description: `${description[0].toUpperCase()}${description.slice(1)}.` },
    args,
    async run({ args: given, rawArgs }) {
      strictArgs(command, rawArgs, args, ["set"]);
      const { preset } = given;
      if (preset !== undefined) return makeFrozen(command, task, { ...given, preset });
      const count = numberIn(command, "--count", needed(command, "--count", given.count), { least: 1 });
      const size = numberIn(command, "--size", given.size, { least: 16, most: 4096 });
      await makeAndReport(
        command,
        {
          task,
          count: count as number,
          seed: numberIn(command, "--seed", given.seed ?? "0", { least: 0 }) as number,
          split: oneOf(command, "--split", given.split ?? "train", splits),
          axes: { ...(size !== undefined && { size }), ...axesOf(command, rawArgs) },
        },
        given,
      );
    },
  });
}

/** `--set lines=2..4 --set labels=letters,digits` -> { lines: [2, 3, 4], labels: ["letters", "digits"] } */
function axesOf(command: string, rawArgs: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    repeatedWhole(rawArgs, "set").map((text) => {
      const [, name, values] = /^([A-Za-z]\w*)=(.+)$/.exec(text) ?? [];
      if (name === undefined) throw mustBe(command, "--set", "AXIS=VALUE, VALUE,VALUE or LOW..HIGH", text);
      const list = values.split(",").flatMap(valuesOf);
      return [name, list.length === 1 ? list[0] : list];
    }),
  );
}

function valuesOf(text: string): (string | number | boolean)[] {
  const [, low, high] = /^(-?\d+)\.\.(-?\d+)$/.exec(text) ?? [];
  if (low !== undefined)
    return Array.from({ length: Math.max(0, Number(high) - Number(low) + 1) }, (_, i) => Number(low) + i);
  if (text === "true" || text === "false") return [text === "true"];
  return [text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text];
}
