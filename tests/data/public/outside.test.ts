import { copyFile, mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { importPublic } from "../../../src/data/public/import.ts";
import { images } from "./fixtures.ts";

/** Names of pictures in strangers' data: nothing outside of the folder of pictures gets into the import. */
let top: string;
let data: string;
beforeAll(async () => {
  top = await realpath(await mkdtemp(join(tmpdir(), "fovea-outside-")));
  data = join(top, "data");
  await mkdir(join(data, "sub"), { recursive: true });
  await mkdir(join(top, "private"));
  const picture = join(images, "COCO_val2014_000000000139.jpg"); // 40 x 30
  for (const path of ["secret.jpg", "private/other.jpg", "data/own.jpg", "data/sub/..odd.jpg"])
    await copyFile(picture, join(top, path));
  await symlink("../secret.jpg", join(data, "linked.jpg"));
  await symlink("../private", join(data, "folder"));
});
afterAll(() => rm(top, { recursive: true }));

const outsiders = () => [
  "../secret.jpg",
  "sub/../../secret.jpg",
  join(top, "secret.jpg"),
  join(top, "private", "other.jpg"),
  "linked.jpg",
  "folder/other.jpg",
];

/** The same pictures, asked for in each of the forms. */
const forms: Readonly<Record<"jsonl" | "grounding", (name: string) => object>> = {
  jsonl: (name: string) => ({ file_name: name, question: "what ?", answer: "a dog" }),
  grounding: (name: string) => ({
    images: [name],
    messages: [
      { role: "user", content: "<image>what ?" },
      { role: "assistant", content: "a dog" },
    ],
  }),
};

async function imported(
  form: keyof typeof forms | "coco-captions",
  names: readonly string[],
  strict = false,
) {
  const path = join(data, "rows.json");
  const rows =
    form === "coco-captions"
      ? {
          images: names.map((file_name, id) => ({ id, file_name, width: 40, height: 30 })),
          annotations: names.map((_, id) => ({ id, image_id: id, caption: "a dog" })),
        }
      : names.map(forms[form]);
  await writeFile(path, JSON.stringify(rows));
  const out = join(top, "out");
  await rm(out, { recursive: true, force: true });
  return importPublic(form, path, out, { strict });
}

describe.each(["jsonl", "grounding", "coco-captions"] as const)("an import of %s", (form) => {
  it("takes no picture from outside of the folder, and counts each as a bad row", async () => {
    const { badRows, images: count, firstBad } = await imported(form, ["own.jpg", ...outsiders()]);
    expect([badRows, count]).toEqual([outsiders().length, 1]);
    expect(firstBad[0]).toContain(
      `../secret.jpg: must be a picture inside ${data}; --images names the folder of the pictures`,
    );
    expect(await readdir(join(top, "out", "images"))).toEqual(["000000.jpg"]);
    await expect(imported(form, ["own.jpg", "../secret.jpg"], true)).rejects.toThrow(
      "must be a picture inside",
    );
  });

  it("takes those inside by names that look otherwise", async () => {
    const names = ["sub/..odd.jpg", "/elsewhere/on/another/machine/own.jpg"];
    expect((await imported(form, names)).badRows).toBe(0);
    expect((await imported(form, [join(data, "own.jpg"), "./sub/../sub/..odd.jpg"])).badRows).toBe(0);
  });
});

it("reads no table through a link that leads out of the folder", async () => {
  const own = join(top, "tables");
  await mkdir(own);
  await writeFile(join(top, "rows.jsonl"), "{}");
  for (const name of ["metadata.jsonl", "a.jsonl"]) await symlink("../rows.jsonl", join(own, name));
  for (const format of ["imagefolder", "jsonl"] as const)
    await expect(importPublic(format, own, join(top, "none"))).rejects.toThrow("it is a link to");
  await expect(importPublic("jsonl", "/dev/zero", join(top, "none"))).rejects.toThrow("a file or a folder");
});
