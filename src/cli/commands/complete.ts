/** The command `fovea complete`. */
import { type CommandDef, defineCommand } from "citty";
import { needed, oneOf } from "../arguments.ts";
import { candidatesFor } from "../complete.ts";
import { print } from "../say.ts";
import { joined, type Shell, scripts, shells, shown } from "../shells.ts";
import { strictArgs } from "../strict.ts";

const completeArgs = {
  shell: { type: "positional", required: false, description: shells.join(" | ") },
} as const;

/** `root`: the command whose words are completed. */
export function completeCommand(root: CommandDef) {
  return defineCommand({
    meta: {
      name: "complete",
      description: "Print what makes a shell complete fovea's commands and options.",
    },
    args: completeArgs,
    async run({ args, rawArgs }) {
      const end = rawArgs.indexOf("--");
      strictArgs("complete", end < 0 ? rawArgs : rawArgs.slice(0, end), completeArgs);
      const hint = "for example fovea complete bash >> ~/.bashrc";
      const shell = oneOf("complete", "SHELL", needed("complete", "SHELL", args.shell, hint), shells);
      if (end < 0) return print(scripts[shell].trimEnd());
      const lines = await candidateLines(root, shell, rawArgs.slice(end + 1));
      if (lines.length > 0) print(lines.join("\n"));
    },
  });
}

/** A line that names no command has no candidates: there is nobody at this prompt to tell why. */
async function candidateLines(
  root: CommandDef,
  shell: Shell,
  words: readonly string[],
): Promise<readonly string[]> {
  try {
    const candidates = await candidatesFor(root, joined[shell](words));
    return candidates.map(({ word, description = "" }) => shown[shell](word, description));
  } catch {
    return [];
  }
}
