import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import {
  type AnswerFamily,
  familyByName,
  familyNames,
  familyOf,
  frameFor,
} from "../../src/answers/families.ts";
import { parseAnswer } from "../../src/answers/parse.ts";
import { choosePrompts, readTemplates } from "../../src/answers/prompts/chosen.ts";
import { answerTypes } from "../../src/data/example.ts";
import { readItems } from "../../src/harness/items.ts";
import { pictureOf } from "../../src/harness/pictures.ts";
import type { ItemRecord } from "../../src/harness/record.ts";
import { dataFolder, temporaryFolder } from "./data.ts";

const templates = await readTemplates();
const own = new URL("../../src/answers/prompts/default.yaml", import.meta.url);

it("holds the templates of default.yaml for readers that have no files; -u writes them anew", async () => {
  const made = `${JSON.stringify(parse(await readFile(own, "utf8")), null, 2)}\n`;
  await expect(made).toMatchFileSnapshot("../../src/answers/prompts/default.json");
});
const item: ItemRecord = {
  id: "a/0",
  task: "referring",
  image: "a.png",
  width: 400,
  height: 200,
  question: "where is the small dog ?",
  answer: "10 20 30 40",
  answerType: "box",
  regions: [],
  difficulty: {},
};

describe("prompts", () => {
  it("exist for every kind of answer in every family", () => {
    for (const family of familyNames)
      for (const answerType of answerTypes)
        for (const more of [{}, { choices: ["A", "B"] }, { answer: "b2" }]) {
          const one = { ...item, answerType, ...more };
          const prompt = choosePrompts(templates, familyOf(family), [one]).prompt(one);
          expect(prompt.toLowerCase()).toContain(family === "fovea" ? "dog ?" : "dog?");
          expect(prompt).not.toMatch(/\{\w+\}/);
        }
  });

  it("tell how places are written, as the answers are then read", () => {
    const asked = (family: (typeof familyNames)[number]) =>
      choosePrompts(templates, familyOf(family), [item]).prompt(item);
    expect(asked("fovea")).toBe("where is the small dog ?");
    expect(asked("openai")).toContain(
      "[x0, y0, x1, y1], in pixels of the picture, which is 400 pixels wide and 200",
    );
    expect(asked("google")).toContain("[y0, x0, y1, x1], x and y as whole numbers from 0 to 1000");
    expect(asked("qwen3_vl")).toContain("[x0, y0, x1, y1], x and y as whole numbers from 0 to 1000");
    expect(asked("qwen2_5_vl")).toContain("392 pixels wide and 196 pixels high");
    expect(asked("generic")).toContain("from 0 to 1, with three decimals");
  });

  it("of a task or family stand before those of the kind of answer", () => {
    const own = {
      types: { box: "type {question}" },
      tasks: { referring: "task {question}" },
      families: {
        google: { types: { box: "family" }, tasks: {} },
        openai: { types: {}, tasks: { referring: "both" } },
      },
    };
    const asked = (family: (typeof familyNames)[number], task = "referring") => {
      const one = { ...item, task };
      return choosePrompts(own, familyOf(family), [one]).prompt(one);
    };
    expect(asked("generic")).toBe("task Where is the small dog?");
    expect(asked("generic", "other")).toBe("type Where is the small dog?");
    expect(asked("google")).toBe("family");
    expect(asked("openai")).toBe("both");
    expect(() =>
      choosePrompts(own, familyOf("generic"), [{ ...item, task: "x", answerType: "cell" }]),
    ).toThrow("type cell");
  });

  it("have a hash of the templates in use and the convention", () => {
    const hash = (family: (typeof familyNames)[number], all = templates) =>
      choosePrompts(all, familyOf(family), [item]).hash;
    expect(hash("openai")).not.toBe(hash("google"));
    expect(hash("openai", { ...templates, types: { ...templates.types, number: "other" } })).toBe(
      hash("openai"),
    );
    expect(hash("openai", { ...templates, types: { ...templates.types, box: "other" } })).not.toBe(
      hash("openai"),
    );
  });

  it("of a file with a mistake are refused with its place", async () => {
    const path = join(await temporaryFolder(), "prompts.yaml");
    await writeFile(path, "types:\n  box: 3\n");
    await expect(readTemplates(path)).rejects.toThrow(/prompts\.yaml: types\.box: /);
    await writeFile(path, "a: [");
    await expect(readTemplates(path)).rejects.toThrow(/prompts\.yaml: /);
    await expect(readTemplates(`${path}x`)).rejects.toThrow("expected a readable file, found: no such file");
  });
});

describe("families", () => {
  it("say at which size a picture is seen", () => {
    const seen = (name: (typeof familyNames)[number], width: number, height: number) =>
      familyOf(name).processedSize?.({ width, height });
    expect(seen("anthropic", 336, 336)).toEqual({ width: 336, height: 336 });
    const large = seen("anthropic", 4000, 3000) as { width: number; height: number };
    expect(large.width / large.height).toBeCloseTo(4 / 3, 2);
    expect(Math.ceil(large.width / 28) * Math.ceil(large.height / 28)).toBeLessThanOrEqual(1568);
    expect(seen("anthropic", 3136, 100)).toEqual({ width: 1568, height: 50 });
    // Values of transformers, qwen2_vl.image_processing_qwen2_vl.smart_resize(height, width, 28, 3136, 12845056).
    expect(seen("qwen2_5_vl", 336, 336)).toEqual({ width: 336, height: 336 });
    expect(seen("qwen2_5_vl", 640, 425)).toEqual({ width: 644, height: 420 });
    expect(seen("qwen2_5_vl", 4000, 3000)).toEqual({ width: 4004, height: 2996 });
    expect(seen("qwen2_5_vl", 6000, 4000)).toEqual({ width: 4368, height: 2912 });
    expect(seen("qwen2_5_vl", 70, 98)).toEqual({ width: 56, height: 112 });
    expect(seen("qwen2_5_vl", 20, 30)).toEqual({ width: 56, height: 84 });
  });

  it("read a full box at the size that is seen as the whole picture", () => {
    const asked = { answerType: "box", width: 4000, height: 3000 } as const;
    const read = (name: (typeof familyNames)[number], text: string) =>
      parseAnswer(text, asked, familyOf(name).places, frameFor(familyOf(name), asked)).parsed;
    expect(read("qwen2_5_vl", "[0, 0, 4004, 2996]")).toEqual({ type: "box", box: [0, 0, 4000, 3000] });
    expect(read("qwen2_5_vl", "[0, 0, 4004, 3000]")).toBeNull();
    expect(read("google", "[0, 0, 1000, 500]")).toEqual({ type: "box", box: [0, 0, 2000, 3000] });
  });

  it("are known by name, otherwise generic", () => {
    expect(familyByName("qwen/qwen2.5-vl-72b-instruct")).toBe("qwen2_5_vl");
    expect(familyByName("google/gemini-3-flash")).toBe("google");
    expect(familyByName("pixtral")).toBe("generic");
  });
});

describe("pictures", () => {
  it("are sent as their file is, unless the family wants another size", async () => {
    const folder = await dataFolder(1);
    const { items } = await readItems(folder);
    const { bytes, ...rest } = await pictureOf(folder, items[0], familyOf("openai"));
    expect(rest).toEqual({
      name: join(folder, items[0].image),
      mediaType: "image/png",
      width: 40,
      height: 20,
    });
    expect((await sharp(bytes).metadata()).width).toBe(40);
    const small: AnswerFamily = {
      ...familyOf("anthropic"),
      processedSize: () => ({ width: 20, height: 10 }),
    };
    const resized = await pictureOf(folder, items[0], small);
    expect((await sharp(resized.bytes).metadata()).width).toBe(20);
    expect(resized).toMatchObject({ mediaType: "image/png", width: 20, height: 10 });
  });

  it("are sent upright, and measured so: regions count in the picture as it is shown", async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, "images"));
    const noise = sharp({ create: { width: 40, height: 20, channels: 3, background: "#336699" } });
    await noise.withMetadata({ orientation: 6 }).jpeg().toFile(join(folder, "images/a.jpg"));
    const row = { file_name: "images/a.jpg", question: "what ?", answer: "it" };
    await writeFile(join(folder, "metadata.jsonl"), JSON.stringify(row));
    const { items } = await readItems(folder);
    expect(items[0]).toMatchObject({ width: 20, height: 40 });
    const { bytes, mediaType } = await pictureOf(folder, items[0], familyOf("openai"));
    expect(mediaType).toBe("image/png");
    const { width, height, orientation } = await sharp(bytes).metadata();
    expect([width, height, orientation]).toEqual([20, 40, undefined]);
  });
});

describe("items", () => {
  it("hold what a question needs, in the folder's order", async () => {
    const folder = await dataFolder(3);
    const { items, dataHash } = await readItems(folder);
    expect(items.map(({ id }) => id)).toEqual(["item-0/0", "item-1/0", "item-2/0"]);
    expect(items[1]).toEqual({
      id: "item-1/0",
      task: "line-tracing",
      image: "images/1.png",
      width: 40,
      height: 20,
      question: "which end does line 1 reach ?",
      answer: "B",
      answerType: "label",
      choices: ["A", "B", "C", "D"],
      regions: [],
      difficulty: { crossings: 1 },
    });
    expect(dataHash).toMatch(/^[0-9a-f]{64}$/);
  });

  it("of two examples with one id are refused", async () => {
    const folder = await dataFolder(1);
    const row = JSON.stringify({ file_name: "images/0.png", id: "x", question: "q", answer: "a" });
    await writeFile(join(folder, "metadata.jsonl"), `${row}\n${row}\n`);
    await expect(readItems(folder)).rejects.toThrow('id must be different for every example, got "x"');
  });
});
