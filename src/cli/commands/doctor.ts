/** The command `fovea doctor`. */
import { defineCommand } from "citty";
import { report } from "../arguments.ts";
import { examine, type Finding, type State } from "../doctor.ts";
import { strictArgs } from "../strict.ts";
import { version } from "../version.ts";

const doctorArgs = {
  json: { type: "boolean", default: false, description: "print one JSON object" },
} as const;

export const doctor = defineCommand({
  meta: {
    name: "doctor",
    description: "Look at what this machine has, and say what to do where it is not enough.",
  },
  args: doctorArgs,
  async run({ args, rawArgs }) {
    strictArgs("doctor", rawArgs, doctorArgs);
    const findings = await examine();
    report(args.json, { version, findings }, linesOf(findings));
    if (findings.some(({ state }) => state === "wrong")) process.exitCode = 1;
  },
});

const marks: Readonly<Record<State, string>> = { fine: "ok", note: "note", wrong: "WRONG" };

function linesOf(findings: readonly Finding[]): readonly string[] {
  const width = Math.max(...findings.map(({ name }) => name.length));
  const lines = findings.flatMap(({ name, state, found, advice }) => [
    `${marks[state].padEnd(6)}${name.padEnd(width)}  ${found}`,
    ...(advice === undefined ? [] : [`${" ".repeat(6 + width)}  -> ${advice}`]),
  ]);
  const wrong = findings.filter(({ state }) => state === "wrong").length;
  const end =
    wrong === 0 ? "Everything that Fovea needs is here." : `${wrong} of these must be mended first.`;
  return [`fovea ${version}`, ...lines, end];
}
