/** The commands, loaded when they are called. */
import type { CommandDef, SubCommandsDef } from "citty";
import { type FoundCommand, findIn } from "./find-command.ts";
import { description } from "./version.ts";

/** Every command, loaded only when it is called. */
const commands = {
  pull: () => import("./commands/pull.ts").then((m) => m.pull),
  build: () => import("./commands/build.ts").then((m) => m.build),
  data: () => import("./commands/data/index.ts").then((m) => m.data),
  train: () => import("./commands/train.ts").then((m) => m.train),
  ablate: () => import("./commands/ablate.ts").then((m) => m.ablate),
  merge: () => import("./commands/merge.ts").then((m) => m.merge),
  lens: () => import("./commands/lens.ts").then((m) => m.lens),
  attend: () => import("./commands/attend.ts").then((m) => m.attend),
  segment: () => import("./commands/segment.ts").then((m) => m.segment),
  eval: () => import("./commands/eval.ts").then((m) => m.evaluation),
  probe: () => import("./commands/probe.ts").then((m) => m.probe),
  language: () => import("./commands/language.ts").then((m) => m.language),
  compare: () => import("./commands/compare.ts").then((m) => m.compare),
  leaderboard: () => import("./commands/leaderboard.ts").then((m) => m.leaderboard),
  "serve-api": () => import("./commands/serve-api.ts").then((m) => m.serveApi),
  studio: () => import("./commands/studio.ts").then((m) => m.studio),
  demo: () => import("./commands/demo.ts").then((m) => m.demo),
  devices: () => import("./commands/devices.ts").then((m) => m.devices),
  doctor: () => import("./commands/doctor.ts").then((m) => m.doctor),
  complete: () => import("./commands/complete.ts").then((m) => m.completeCommand(main)),
} as SubCommandsDef;

const main: CommandDef = {
  meta: { name: "fovea", description },
  subCommands: commands,
};

/** The deepest command of `fovea` that the arguments name. */
export function findCommand(args: readonly string[]): Promise<FoundCommand> {
  return findIn(main, args);
}
