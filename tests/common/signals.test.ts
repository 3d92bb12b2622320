import { type ChildProcess, spawn } from "node:child_process";
import { openSync } from "node:fs";
import { describe, expect, it } from "vitest";

const module = new URL("../../src/common/signals.ts", import.meta.url).href;

/** A command that saves: says "ready", and what each signal did to it, "later" once a second signal is no echo any more. */
const saving = `
  const stop = stopInOrder();
  stop.signal.addEventListener("abort", () => {
    console.log("saving", stop.signal.reason, stop.code);
    setTimeout(() => console.log("later"), 700);
  });
  cleanOnSuddenEnd(() => console.log("cleaned"));
  console.log("ready");
  setTimeout(() => {}, 60_000);`;

interface Watched {
  readonly child: ChildProcess;
  /** Resolves once the child has said this. */
  said(text: string): Promise<void>;
  readonly ended: Promise<number | null>;
  readonly all: () => string;
}

function watched(code: string, stdin: "ignore" | number = "ignore"): Watched {
  const begin = `import { askToEnd, cleanOnSuddenEnd, keepNohup, stopInOrder } from "${module}";`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", begin + code], {
    stdio: [stdin, "pipe", "inherit"],
  });
  let text = "";
  const { stdout } = child;
  if (stdout === null) throw new Error("no output");
  stdout.on("data", (more) => {
    text += more;
  });
  const said = (what: string) =>
    new Promise<void>((done) => {
      const look = () => text.includes(what) && done();
      stdout.on("data", look);
      look();
    });
  const ended = new Promise<number | null>((done) => child.once("close", done));
  return { child, said, ended, all: () => text };
}

describe("a signal", () => {
  it.each([
    ["SIGHUP", 129],
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)(
    "%s lets a command save, its echo changes nothing, a second one ends it",
    async (signal, code) => {
      const { child, said, ended, all } = watched(saving);
      await said("ready");
      child.kill(signal);
      await said(`saving ${signal} ${code}`);
      child.kill(signal); // As npm passes a Ctrl-C on.
      await said("later");
      expect(all()).not.toContain("cleaned");
      child.kill("SIGINT");
      expect(await ended).toBe(130);
      expect(all()).toContain("cleaned");
    },
  );

  it("a second time is the command's own where it wants that, the third ends it", async () => {
    const own = saving.replace("stopInOrder()", `stopInOrder(() => console.log("again"))`);
    const { child, said, ended } = watched(own);
    await said("ready");
    child.kill("SIGTERM");
    await said("later");
    child.kill("SIGTERM");
    await said("again");
    child.kill("SIGTERM");
    expect(await ended).toBe(143);
  });

  it("ends a command that has nothing to save, once what is half written is gone", async () => {
    const { child, said, ended, all } = watched(
      `cleanOnSuddenEnd(() => console.log("cleaned")); console.log("ready"); setTimeout(() => {}, 60_000);`,
    );
    await said("ready");
    child.kill("SIGHUP");
    expect([await ended, all()]).toEqual([129, "ready\ncleaned\n"]);
  });

  it("is the system's again after a release", async () => {
    const { child, said, ended } = watched(
      `stopInOrder().release(); console.log("ready"); setTimeout(() => {}, 60_000);`,
    );
    await said("ready");
    child.kill("SIGTERM");
    expect([await ended, child.signalCode]).toEqual([null, "SIGTERM"]);
  });

  it.runIf(process.platform === "linux")("SIGHUP does nothing under nohup", async () => {
    const { child, said, ended } = watched(`keepNohup();${saving}`, openSync("/dev/null", "w"));
    await said("ready");
    child.kill("SIGHUP");
    child.kill("SIGHUP");
    child.kill("SIGTERM");
    await said("saving SIGTERM");
    child.kill("SIGKILL");
    await ended;
  });

  it("stands for output that nobody reads", async () => {
    const { ended } = watched(`cleanOnSuddenEnd(() => {}); askToEnd("SIGPIPE");`);
    expect(await ended).toBe(141);
  });
});
