import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { findCommand } from "../../src/cli/commands.ts";
import { candidatesFor } from "../../src/cli/complete.ts";
import { joined, shells, shown } from "../../src/cli/shells.ts";

const main = join(import.meta.dirname, "../../src/cli/main.ts");
const { command: root } = await findCommand([]);
const words = async (...line: string[]) => (await candidatesFor(root, line)).map(({ word }) => word);

describe("the words at the cursor", () => {
  it("are commands, then the commands below them", async () => {
    expect(await words("t")).toEqual(["train"]);
    expect(await words("")).toEqual(expect.arrayContaining(["pull", "train", "doctor", "help"]));
    expect(await words("data", "")).toEqual(["make", "import"]);
    expect(await words("data", "make", "line-")).toEqual(["line-tracing", "line-intersection"]);
    expect(await words("help", "le")).toEqual(["lens", "leaderboard"]);
  });

  it("are options that are not there yet", async () => {
    expect(await words("train", "--pres")).toEqual(["--preset"]);
    expect(await words("train", "--preset", "lora", "--pres")).toEqual([]);
    expect(await words("train", "--set", "train.steps=2", "--se")).toEqual(["--set"]);
  });

  it("are values: presets, settings, and what a description lists", async () => {
    expect(await words("train", "--preset", "ntp")).toEqual(["ntp-klal", "ntp-lll", "ntp"]);
    expect(await words("lens", "--device", "c")).toEqual(["cpu", "cuda", "coreml"]);
    expect(await words("lens", "--precision", "float")).toEqual(["float32", "float16"]);
    expect(await words("train", "--preset=lo")).toEqual(["--preset=lora"]);
    expect(await words("train", "--set", "train.warm")).toEqual(["train.warmupShare=", "train.warmupSteps="]);
    expect(await words("train", "--set", "losses.lll.neg")).toEqual([
      "losses.lll.negativeCoverage=",
      "losses.lll.negatives=",
    ]);
    expect(await words("lens", "photo.jpg", "--space", "")).toEqual(
      expect.arrayContaining(["probability", "logit", "rank"]),
    );
  });

  it("are none where a file stands, or anything else", async () => {
    expect(await words("lens", "pho")).toEqual([]);
    expect(await words("train", "--out", "ru")).toEqual([]);
    expect(await words("train", "--set", "nothing.l")).toEqual([]);
  });
});

describe("a shell's line", () => {
  it("is put together where bash cut it at = and :", () => {
    expect(joined.bash(["train", "--preset", "=", "fu"])).toEqual(["train", "--preset=fu"]);
    expect(joined.bash(["eval", "--model", "openai", ":", "gpt"])).toEqual(["eval", "--model", "openai:gpt"]);
    expect(joined.bash(["attend", '"Where is', ""])).toEqual(["attend", "Where is", ""]);
    expect(joined.zsh(["train", "--preset=fu"])).toEqual(["train", "--preset=fu"]);
    expect(shown.bash("--preset=full", "")).toBe("full");
    expect(shown.bash("train.learningRate=", "")).toBe("train.learningRate=");
    expect(shown.zsh("full", "a\tb\nc")).toBe("full\ta b c");
  });

  it.each(shells)("has a script for %s, and nothing to say of an unknown command", async (shell) => {
    const fovea = (...args: string[]) =>
      promisify(execFile)(process.execPath, [main, "complete", shell, ...args]);
    expect((await fovea()).stdout).toContain("fovea complete");
    expect(await fovea("--", "nonsense", "--x")).toMatchObject({ stdout: "", stderr: "" });
    expect((await fovea("--", "train", "--hel")).stdout).toBe("");
  });

  it("is completed by bash itself", async () => {
    const script = `
      fovea() { "${process.execPath}" "${main}" "$@"; }
      compopt() { printf "compopt %s %s\\n" "$@"; }
      eval "$(fovea complete bash)"
      COMP_WORDS=(fovea train --set train.lea rest) COMP_CWORD=3
      _fovea
      echo "\${COMPREPLY[@]}"
      complete -p fovea`;
    const { stdout } = await promisify(execFile)("bash", ["--norc", "-c", script]);
    expect(stdout.trim().split("\n")).toEqual([
      "compopt -o nospace",
      "train.learningRate=",
      "complete -o bashdefault -o default -F _fovea fovea",
    ]);
  });
});
