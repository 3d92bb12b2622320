import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { findCommand } from "../../src/cli/commands.ts";
import { examplesOf } from "../../src/cli/examples.ts";
import { childrenOf } from "../../src/cli/find-command.ts";
import { helpPage } from "../../src/cli/help.ts";
import { didYouMean, editDistance } from "../../src/cli/suggest.ts";

const root = join(import.meta.dirname, "../..");

async function fovea(args: string[], env: NodeJS.ProcessEnv = {}) {
  const child = promisify(execFile)(process.execPath, [join(root, "src/cli/main.ts"), ...args], {
    env: { ...process.env, ...env },
  });
  return child.catch((error) => error as { code: number; stdout: string; stderr: string });
}

/** The words that lead to every command, those of groups included. */
async function everyPath(path: readonly string[] = []): Promise<(readonly string[])[]> {
  const { command } = await findCommand(path);
  const names = Object.keys((await childrenOf(command)) ?? {});
  const below = await Promise.all(names.map((name) => everyPath([...path, name])));
  return [path, ...below.flat()];
}
const paths = await everyPath();

describe("every command", () => {
  it.each(paths.map((path) => [path.join(" ") || "fovea", path] as const))(
    "%s has a help page of its own, with examples",
    async (name, path) => {
      const found = await findCommand(path);
      expect(examplesOf(path).length).toBeGreaterThan(0);
      const page = await helpPage(found);
      for (const line of page.split("\n")) expect(line.length, line).toBeLessThanOrEqual(110);
      await expect(`${page}\n`).toMatchFileSnapshot(`__snapshots__/help/${name.replaceAll(" ", "-")}.txt`);
    },
  );

  it("is called as its examples say: they name commands and options that there are", async () => {
    for (const line of paths.flatMap(examplesOf)) {
      const [program, ...words] = line.split(" ");
      expect(program).toBe("fovea");
      const { command, path } = await findCommand(words);
      const options = Object.keys((command.args ?? {}) as object);
      for (const word of words.filter((text) => text.startsWith("--")))
        expect(options, `${path.join(" ")} ${word}`).toContain(word.slice(2));
    }
  });
});

describe("what a new user types first", () => {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

  it.each([["--version"], ["-v"], ["version"]])(
    "%s says the version",
    async (flag) => {
      expect(await fovea([flag])).toMatchObject({ stdout: `${version}\n`, stderr: "" });
    },
    60_000,
  );

  it.each([
    [["help"], ["--help"]],
    [
      ["help", "data", "make"],
      ["data", "make", "-h"],
    ],
    [
      ["help", "lens"],
      ["lens", "photo.jpg", "--help"],
    ],
  ])(
    "%j is %j, without an escape code in a pipe",
    async (a, b) => {
      const [first, second] = [await fovea(a), await fovea(b)];
      expect(first.stdout).toBe(second.stdout);
      expect(first.stdout).toContain("Usage\n");
      expect(first.stdout).not.toContain("\x1b");
      expect((await fovea(a, { NO_COLOR: "1", FORCE_COLOR: undefined })).stdout).toBe(first.stdout);
    },
    60_000,
  );

  it.each([
    [["trian"], 'fovea: unknown command "trian"; did you mean train?\n'],
    [["data", "make", "line-traicng"], /did you mean line-tracing\?/],
    [["help", "lense"], /did you mean lens\?/],
    [["xyzzy"], /unknown command "xyzzy"; fovea has pull, build, data, /],
    [["data"], "fovea: data: COMMAND must be one of make, import, got none\n"],
    [["--jsno"], /unknown option --jsno; fovea --help/],
    [
      ["lens", "a.png", "--concpet", "cat"],
      "fovea: lens: unknown option --concpet; did you mean --concept?\n",
    ],
    [["lens", "a.png", "-concept", "cat"], /did you mean --concept\?/],
    [["lens", "a.png", "--purple", "cat"], /unknown option --purple; it takes --concept, /],
    [["train", "a.png"], /train: unexpected argument "a\.png"; fovea train --help/],
  ] as const)(
    "%j is refused in one line that helps",
    async (args, message) => {
      const { code, stdout, stderr } = (await fovea([...args])) as {
        code: number;
        stdout: string;
        stderr: string;
      };
      expect(code).toBe(1);
      expect(stdout).toBe("");
      expect(stderr.trimEnd()).not.toContain("\n");
      if (typeof message === "string") expect(stderr).toBe(message);
      else expect(stderr).toMatch(message);
    },
    60_000,
  );
});

describe("a suggestion", () => {
  it("counts a swap of neighbours as one mistake", () => {
    expect(editDistance("train", "trian")).toBe(1);
    expect(editDistance("lens", "lens")).toBe(0);
    expect(editDistance("eval", "evla")).toBe(1);
    expect(editDistance("", "abc")).toBe(3);
  });

  it("is made for what is near or begun, and not for what is far", () => {
    const names = ["train", "lens", "leaderboard", "serve-api"];
    expect(didYouMean("leader", names)).toBe("did you mean leaderboard?");
    expect(didYouMean("TRAIN", names)).toBe("did you mean train?");
    expect(didYouMean("segment", names)).toBeUndefined();
  });
});
