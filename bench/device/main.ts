/**
 * Everything that a machine's devices must show, in one command, within ten minutes: parity with the processor, a short
 * training, and the benchmark (steps at 9 M and 135 M parameters against PyTorch, adapters and lens at shapes of 1 B and
 * 7 B, generation), on every device that opens. Writes one file of JSON.
 *
 *     scripts/device-check [--device webgpu,cuda,cpu] [--minutes 10] [--parts parity,training,step,adapters,lens,generation]
 *                          [--small] [--out out/device-check.json]
 *
 * Every part has a share of the time; what would not fit is said and left out. FOVEA_PYTHON names a Python with PyTorch,
 * FOVEA_BENCH a folder for random weights (15 GB for the largest; default: the system's for temporary files).
 */
import { spawn } from "node:child_process";
import { mkdir, statfs } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { examineDevices } from "../../src/cli/devices/report.ts";
import { writeFileWhole } from "../../src/common/files.ts";
import { commitOf, nameMachine } from "../machine.ts";
import type { ChildJob } from "./child.ts";
import { deviceSeconds, leastSeconds, type Part, partsOf, secondsFor } from "./plan.ts";
import { peersOn, torchIn } from "./torch.ts";

const { values } = parseArgs({
  options: {
    device: { type: "string" },
    minutes: { type: "string", default: "10" },
    parts: { type: "string", default: "" },
    small: { type: "boolean", default: false },
    out: { type: "string", default: "out/device-check.json" },
  },
});
const begun = performance.now();
const total = 60 * Number(values.minutes);
/** Kept for what stands between the parts. */
const reserve = 0.03 * total;
const left = () => total - reserve - (performance.now() - begun) / 1e3;
const list = (text: string) => text.split(",").filter((word) => word !== "");
const say = (line: string) => console.error(`device-check: ${line}`);
if (!(total > 0)) refuse("--minutes must be a number above 0", values.minutes);
for (const kind of list(values.parts))
  if (partsOf(values.small, [kind]).length === 0) refuse("--parts has a part that there is not", kind);

function refuse(rule: string, got: string): never {
  say(`${rule}, got ${JSON.stringify(got)}`);
  process.exit(1);
}

/** What became of a part. */
type Outcome =
  | { readonly state: "done"; readonly seconds: number; readonly result: unknown }
  | { readonly state: "failed" | "skipped"; readonly seconds: number; readonly why: string };

/** Ends what runs now. */
let running: (() => void) | undefined;
for (const name of ["SIGHUP", "SIGINT", "SIGTERM"] as const)
  process.once(name, () => {
    running?.();
    process.exit(130);
  });

/** Runs a process for at most so many seconds; what it prints last is JSON. */
function ask(command: readonly string[], seconds: number): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const start = performance.now();
  const [program, ...args] = command;
  // A group of its own, so that processes which it started end with it.
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    detached: process.platform !== "win32",
  });
  const kill = () => {
    if (process.platform === "win32" || child.pid === undefined) child.kill("SIGKILL");
    else process.kill(-child.pid, "SIGKILL");
  };
  running = kill;
  let [out, complaint, isLate] = ["", "", false];
  child.stdout.on("data", (data) => {
    out += data;
  });
  child.stderr.on("data", (data) => {
    complaint = `${complaint}${data}`.slice(-4000);
  });
  const timer = setTimeout(() => {
    isLate = true;
    kill();
  }, seconds * 1e3);
  child.once("close", (code, signal) => {
    clearTimeout(timer);
    running = undefined;
    const took = (performance.now() - start) / 1e3;
    if (isLate)
      return resolve({
        state: "skipped",
        seconds: took,
        why: `took longer than its ${Math.round(seconds)} s`,
      });
    resolve(read(out, took) ?? { state: "failed", seconds: took, why: reasonIn(complaint, code ?? signal) });
  });
  return promise;
}

function read(out: string, seconds: number): Outcome | undefined {
  try {
    return { state: "done", seconds, result: JSON.parse(out.trim().split("\n").at(-1) as string) };
  } catch {
    return undefined;
  }
}

/** Of what an exception leaves on standard error the line that says what happened. */
function reasonIn(complaint: string, ended: number | string | null): string {
  const lines = complaint.split("\n").map((line) => line.trim());
  return lines.find((line) => /^\w*Error: /.test(line)) ?? `ended with ${ended}`;
}

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const torch = torchIn(process.env.FOVEA_PYTHON);

function commandOf(part: Part, device: string, seconds: number): readonly string[] {
  if (part.kind !== "step") {
    const job: ChildJob = { part, device, seconds };
    return [process.execPath, here("child.ts"), JSON.stringify(job)];
  }
  const { peers, torchDevice } = peersOn(device, torch);
  return [
    ...[process.execPath, here("../step/run.ts"), "--models", part.model as string, "--tokens", "128"],
    ...[
      "--rounds",
      "3",
      "--seconds",
      String(Math.round(0.4 * seconds)),
      "--peers",
      ["fovea", ...peers].join(","),
    ],
    ...[
      "--threads",
      String(availableParallelism()),
      "--device",
      device,
      "--torch-device",
      torchDevice,
      "--json",
    ],
  ];
}

async function runPart(part: Part, device: string, seconds: number): Promise<Outcome> {
  const skip = (why: string): Outcome => ({ state: "skipped", seconds: 0, why });
  if (seconds < leastSeconds) return skip("no time was left");
  const folder = process.env.FOVEA_BENCH ?? tmpdir();
  await mkdir(folder, { recursive: true });
  const { bavail, bsize } = await statfs(folder);
  if (part.disk !== undefined && bavail * bsize < part.disk)
    return skip(`needs ${part.disk / 1e9} GB in ${folder}, got ${(bavail * bsize) / 1e9}`);
  return ask(commandOf(part, device, seconds), seconds);
}

async function check(device: string, seconds: number) {
  const parts = partsOf(values.small, list(values.parts));
  const end = performance.now() + seconds * 1e3;
  const outcomes: Record<string, Outcome> = {};
  for (const [i, part] of parts.entries()) {
    const own = secondsFor(parts, i, (end - performance.now()) / 1e3);
    say(`${device}: ${part.name} (at most ${Math.round(own)} s)`);
    const outcome = await runPart(part, device, own);
    outcomes[part.name] = outcome;
    if (outcome.state !== "done") say(`${device}: ${part.name} ${outcome.state}: ${outcome.why}`);
  }
  return outcomes;
}

const reports = await examineDevices();
const works = reports.filter(({ works: opens }) => opens).map(({ name }) => name as string);
const wanted = values.device === undefined ? [...works].reverse() : list(values.device);
const results: Record<string, unknown> = {};
for (const [i, device] of wanted.entries()) {
  const opens = works.includes(device);
  if (!opens)
    say(`${device} does not open here: ${reports.find(({ name }) => name === device)?.found ?? "unknown"}`);
  results[device] = opens ? await check(device, deviceSeconds(wanted.length, i, left())) : "does not open";
}
const report = {
  ...{ machine: nameMachine(), commit: commitOf(), small: values.small, devices: reports },
  ...{ torch: torch ?? null, seconds: (performance.now() - begun) / 1e3, results },
};
await writeFileWhole(values.out, `${JSON.stringify(report, null, 1)}\n`);
say(`written to ${values.out}`);
const failed = Object.values(results).some(
  (of) =>
    typeof of === "string" ||
    Object.values(of as Record<string, Outcome>).some(({ state }) => state === "failed"),
);
if (failed) process.exitCode = 1;
