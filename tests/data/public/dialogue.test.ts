import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FormatOptions, PublicRow } from "../../../src/data/public/format.ts";
import { groundingJson } from "../../../src/data/public/grounding-json.ts";
import { importPublic } from "../../../src/data/public/import.ts";
import { openTally } from "../../../src/data/public/tally.ts";
import { images } from "./fixtures.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-dialogue-"));
});
afterAll(() => rm(folder, { recursive: true }));

const picture = "COCO_val2014_000000000139.jpg"; // 40 x 30
let count = 0;

async function read(rows: readonly object[], options: FormatOptions = {}) {
  const path = join(folder, `${count++}.jsonl`);
  await writeFile(path, rows.map((row) => JSON.stringify({ images: [picture], ...row })).join("\n"));
  const tally = openTally();
  const found: PublicRow[] = [];
  for await (const row of groundingJson.read({ path, images, options, tally })) found.push(row);
  const questions = found.flatMap((row) => row.questions);
  return { path, questions, ...tally.summary() };
}

const user = (content: unknown) => ({ role: "user", content });
const assistant = (content: unknown, more: object = {}) => ({ role: "assistant", content, ...more });
const text = (words: string) => ({ type: "text", text: words });
const asked = async (row: object, options?: FormatOptions) => {
  const { questions, firstBad } = await read([row], options);
  expect(firstBad).toEqual([]);
  return questions.map(({ question, answer }) => [question, answer]);
};
const badOf = async (row: object, options?: FormatOptions) => (await read([row], options)).firstBad[0];

describe("TRL's rows", () => {
  it("have messages of parts, with the picture beside them or within", async () => {
    const messages = [user([{ type: "image" }, text("What is "), text("it?")]), assistant([text("A dog.")])];
    expect(await asked({ messages })).toEqual([["What is it?", "A dog."]]);
    const inside = [user([{ type: "image", image: picture }, text("Who?")]), assistant("A dog.")];
    expect(await asked({ images: undefined, messages: inside })).toEqual([["Who?", "A dog."]]);
    const byUrl = [
      user([{ type: "image", url: `file://${join(images, picture)}` }, text("Who?")]),
      assistant("Me."),
    ];
    expect(await asked({ images: undefined, messages: byUrl })).toEqual([["Who?", "Me."]]);
  });

  it("have prompt and completion, as messages or as texts", async () => {
    const prompt = [{ role: "system", content: "Be brief." }, user("Who?")];
    expect(await asked({ prompt, completion: [assistant("A dog.")] })).toEqual([["Who?", "A dog."]]);
    expect(await asked({ prompt: "Who?", completion: "A dog." })).toEqual([["Who?", "A dog."]]);
  });
});

describe("turns", () => {
  it("that are not learnt from are left out and counted; their places are still used up", async () => {
    const messages = [
      user("Find <bbox>"),
      assistant("yes", { loss: false }),
      user("And <bbox>"),
      assistant("no", { loss: true }),
    ];
    const objects = { bbox: [[4, 3, 20, 15], [24, 6, 36, 27]] }; // biome-ignore format: a row
    const { questions, counts } = await read([{ messages, objects }]);
    expect(questions.map(({ question, answer }) => [question, answer])).toEqual([["And 60 20 90 90", "no"]]);
    expect(counts).toEqual({ "turns that are not learnt from (loss: false)": 1 });
    expect(await badOf({ messages: [user("a"), assistant("b", { loss: false })] })).toContain(
      "must have a turn that is learnt from",
    );
  });

  it("must end with an answer", async () => {
    expect(await badOf({ messages: [user("a"), assistant("b"), user("c")] })).toContain(
      "messages: must end with an answer, got a question",
    );
  });
});

describe("boxes in texts", () => {
  const messages = [user("Where is the dog?"), assistant("[100, 200, 500, 900]")];

  it.each([undefined, null, {}, { ref: [], bbox: [] }, { ref: null, bbox: null }])(
    "are read with objects %j",
    async (objects) => {
      expect(await asked({ messages, objects }, { boxes: "norm1000" })).toEqual([
        ["Where is the dog?", "10 20 50 90"],
      ]);
    },
  );
});

describe("what stands for a picture", () => {
  it.each([
    [[user("<image>parse"), assistant("![fig](<image>) text")], "must not have <image> there"],
    [[user("<image><image>parse"), assistant("text")], "must have <image> once, got 2"],
    [
      [user("<image>parse"), assistant("text"), user("<image>more"), assistant("text")],
      "must have <image> once, got 2",
    ],
    [[user("<video>parse"), assistant("text")], "must not have <video> there"],
    [
      [user([{ type: "video" }, text("a")]), assistant("b")],
      "messages[0].content[0].type: must be text or image, got video",
    ],
  ])("is refused elsewhere: %j", async (messages, problem) => {
    expect(await badOf({ messages })).toContain(problem);
  });
});

it("features that would be lost are refused by name, columns that nobody reads are said", async () => {
  const messages = [user("a"), assistant("b")];
  expect(await badOf({ messages, videos: ["x.mp4"] })).toMatch(/line 1: videos: is not supported$/);
  expect(await badOf({ messages, rejected_response: "c" })).toMatch(/rejected_response: is not supported$/);
  const { questions, notes } = await read([
    { messages, videos: [], source: "web" },
    { messages, source: "web", margin: 1 },
  ]);
  expect(questions).toHaveLength(2);
  expect(notes).toEqual(["columns that are not read: videos, source, margin"]);
});

it("boxes that look like shares of the sides are warned of", async () => {
  const row = {
    messages: [user("find <ref-object>"), assistant("<bbox>")],
    objects: { ref: ["cat"], bbox: [[0.1, 0.1, 0.6, 0.6]] },
  };
  const { path } = await read([row]);
  const { notes } = await importPublic("grounding", path, join(folder, "tiny"), { images });
  expect(notes.join()).toMatch(
    /^warning: every box or point is smaller than a pixel .*; --boxes norm1 reads them so$/,
  );
  const said = await importPublic("grounding", path, join(folder, "shares"), { images, boxes: "norm1" });
  expect(said.notes).toEqual([]);
});
