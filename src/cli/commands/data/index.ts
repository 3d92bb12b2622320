import { defineCommand } from "citty";
import { drawnTaskNames } from "../../../data/tasks/drawn-registry.ts";
import { type TaskName, taskNames } from "../../../data/tasks/registry.ts";
import { drawnCommand } from "./drawn.ts";
import { importData } from "./import.ts";
import { scenesCommand } from "./scenes.ts";

/** `scenes` with any tasks, and a command for every task, on scenes or drawn. */
const subCommands = {
  scenes: scenesCommand("scenes"),
  ...Object.fromEntries(taskNames.map((task: TaskName) => [task, scenesCommand(task, task)])),
  ...Object.fromEntries(drawnTaskNames.map((task) => [task, drawnCommand(task)])),
};

const make = defineCommand({
  meta: { name: "make", description: "Make a data set, with exact answers and regions." },
  subCommands,
});

export const data = defineCommand({
  meta: { name: "data", description: "Make data sets or import published ones." },
  subCommands: { make, import: importData },
});
