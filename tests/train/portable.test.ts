import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { portablePath } from "../../src/common/portable-path.ts";
import { shellLine } from "../../src/common/shell.ts";
import { modelRefOf } from "../../src/hub/net/cache.ts";
import { checkConfig } from "../../src/train/config/config.ts";
import {
  portableCommand,
  portableConfig,
  portableModel,
  portablePair,
} from "../../src/train/report/portable.ts";

const here = process.cwd();

it.each([
  ["my-data", "my-data"],
  ["./runs//a", "runs/a"],
  ["../base", "../base"],
  [join(here, "runs/a"), "runs/a"],
  ["/home/someone/secret/my-data", "my-data"],
])("says the path %s as %s", (path, said) => expect(portablePath(path)).toBe(said));

it("calls two folders from the working folder, or from the one that holds both", () => {
  expect(portablePair("run/model", "base")).toEqual(["run/model", "base"]);
  expect(portablePair("/home/me/run/model", "/home/me/base")).toEqual(["run/model", "base"]);
  expect(portablePair("/one/run/model", "/other/base")).toEqual(["model", "base"]);
  expect(portablePair("run/model", "/other/base")).toEqual(["model", "base"]);
});

it("writes commands that a shell takes, without the machine's folders", () => {
  const words = [
    ...["fovea", "train", "--model", "OWNER/NAME", "--data", "/home/me/my data", `--out=${here}/run`],
    ...["--set", 'data={"folder": "/home/me/x", "seed": 1}', "--set", "model.from=/home/me/base"],
    ...["--set", "data.cutouts=[fluent-3d, /home/me/cut-outs]", "--set", "lora.targets=[q_proj,k_proj]"],
  ];
  expect(portableCommand(words)).toBe(
    "fovea train --model OWNER/NAME --data 'my data' --out=run " +
      `--set 'data={"folder": "x", "seed": 1}' --set model.from=base ` +
      "--set 'data.cutouts=[fluent-3d, cut-outs]' --set 'lora.targets=[q_proj,k_proj]'",
  );
  expect(shellLine(["it's", "$HOME", ""])).toBe("'it'\\''s' '$HOME' ''");
});

it("keeps of a config what counted, as a config", async () => {
  const raw = {
    model: { from: "/home/me/base" },
    data: { folder: "/home/me/my-data", evalFolder: "/home/me/held-out" },
    losses: { ntp: {}, custom: [{ module: "/home/me/mine.ts" }] },
  };
  const portable = await portableConfig(checkConfig(raw));
  expect(JSON.stringify(portable)).not.toMatch(/home|imageSize|cutouts/);
  expect(portable).toMatchObject({
    model: { from: "base" },
    data: { folder: "my-data", evalFolder: "held-out" },
  });
  expect(checkConfig(parse(JSON.stringify(portable))).data.folder).toBe("my-data");
  const scenes = await portableConfig(
    checkConfig({ data: { cutouts: ["noto", "/home/me/cats"] }, losses: {} }),
  );
  expect(scenes).toMatchObject({ model: { decoder: { width: 128 } }, data: { cutouts: ["noto", "cats"] } });
});

it("knows a model on the hub by its name, or by its snapshot in a cache", async () => {
  const folder = await mkdtemp(join(tmpdir(), "fovea-portable-"));
  try {
    const snapshot = join(folder, "models--some-one--small-vlm/snapshots/0123abc");
    await mkdir(snapshot, { recursive: true });
    await writeFile(join(snapshot, "config.json"), "{}");
    expect(await modelRefOf(snapshot)).toEqual({ name: "some-one/small-vlm", revision: "0123abc" });
    expect(await portableModel(snapshot)).toBe("some-one/small-vlm@0123abc");
    expect(await portableModel("some-one/small-vlm")).toBe("some-one/small-vlm");
    expect(await modelRefOf(folder)).toBeUndefined();
    expect(await portableModel(resolve("src/train"))).toBe("src/train");
    expect(await modelRefOf("src/train")).toBeUndefined();
  } finally {
    await rm(folder, { recursive: true });
  }
});
