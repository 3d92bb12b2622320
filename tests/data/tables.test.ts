import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parquetWriteFile } from "hyparquet-writer";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openImageFolder, readExampleRefs } from "../../src/data/imagefolder/read.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-tables-"));
});
afterAll(() => rm(folder, { recursive: true }));

let count = 0;
/** A new data folder with a 20 x 10 picture a.png, and files. */
async function folderWith(files: Record<string, string>): Promise<string> {
  const path = join(folder, `${count++}`);
  for (const [name, content] of Object.entries({ "a.png": "", ...files })) {
    await mkdir(join(path, name, ".."), { recursive: true });
    await writeFile(join(path, name), content);
  }
  await sharp({ create: { width: 20, height: 10, channels: 3, background: "#fff" } })
    .png()
    .toFile(join(path, "a.png"));
  return path;
}

const errorOf = (promise: Promise<unknown>, path: string): Promise<string> =>
  promise.then(
    () => expect.fail("was read"),
    (error: Error) => `${error.name}: ${error.message}`.replaceAll(path, "DIR"),
  );

const full = {
  file_name: "a.png",
  id: "x",
  question: "which ?",
  answer: "B",
  task: "choosing",
  answerType: "label",
  choices: ["A", "B"],
  difficulty: { lines: 3, kind: "hard" },
  regions: [{ kind: "box", box: [1, 2, 9, 8] }],
  concepts: [{ word: "frog", regions: [] }],
};
const row = {
  fileName: "a.png",
  id: "x",
  questions: [
    {
      task: "choosing",
      question: "which ?",
      answer: "B",
      answerType: "label",
      choices: ["A", "B"],
      difficulty: { lines: 3, kind: "hard" },
      regions: [{ kind: "box", box: [1, 2, 9, 8] }],
    },
  ],
  concepts: [{ word: "frog", regions: [] }],
};

/** As pandas writes a cell: a list or an object as JSON, in quotes with quotes doubled. */
const cell = (value: unknown) =>
  `"${(typeof value === "string" ? value : JSON.stringify(value)).replaceAll('"', '""')}"`;

describe("one row, however it is written", () => {
  test.each([
    ["flat", { "metadata.jsonl": JSON.stringify(full) }],
    ["with a byte order mark and CRLF", { "metadata.jsonl": `\ufeff${JSON.stringify(full)}\r\n\r\n` }],
    [
      "nested",
      {
        "metadata.jsonl": JSON.stringify({
          file_name: "a.png",
          id: "x",
          questions: row.questions,
          concepts: full.concepts,
        }),
      },
    ],
    [
      "CSV",
      {
        "metadata.csv": `\ufeff${Object.keys(full).join(",")}\r\n${Object.values(full).map(cell).join(",")}\r\n`,
      },
    ],
  ])("%s", async (_, files) => {
    const { rows, unread } = await openImageFolder(await folderWith(files as Record<string, string>));
    expect(rows).toEqual([row]);
    expect(unread).toEqual([]);
  });

  test("parquet", async () => {
    const path = await folderWith({});
    const columnData = Object.entries(full).map(([name, value]) => ({
      name,
      data: [typeof value === "string" ? value : JSON.stringify(value)],
      type: "STRING" as const,
    }));
    parquetWriteFile({ filename: join(path, "metadata.parquet"), columnData });
    expect((await openImageFolder(path)).rows).toEqual([row]);
  });
});

test("a line that holds Unicode's own line ends is one line", async () => {
  const text = `${JSON.stringify({ file_name: "a.png", question: "a\u2028b\u2029c ?", answer: "\u0085" })}\n`;
  const { rows } = await openImageFolder(await folderWith({ "metadata.jsonl": text }));
  expect(rows[0].questions[0].question).toBe("a\u2028b\u2029c ?");
});

test("CSV has quotes, commas and line ends within cells; empty cells are left out", async () => {
  const text = 'file_name,question,answer,task\na.png,"one, ""two""\nthree ?",yes,\n';
  const { rows } = await openImageFolder(await folderWith({ "metadata.csv": text }));
  expect(rows[0].questions[0]).toEqual({
    task: "open",
    question: 'one, "two"\nthree ?',
    answer: "yes",
    regions: [],
  });
});

test.each([
  [
    "metadata.csv",
    'file_name,question\na.png,"q',
    "DIR/metadata.csv, line 2: must be CSV with closed double quotes",
  ],
  [
    "metadata.csv",
    "file_name,question,answer\na.png,q,a,b",
    "DIR/metadata.csv, line 2: cells must be at most 3, got 4",
  ],
  ["metadata.csv", "file_name,regions\na.png,[1", "DIR/metadata.csv, line 2: regions: must be JSON"],
  ["metadata.jsonl", '{"file_name": "a.png"}\n{', "DIR/metadata.jsonl, line 2: must be JSON"],
  [
    "metadata.jsonl",
    '{"file_name":"a.png","regions":[{"kind":"box","box":[0,0,2,2]}]}',
    "regions and choices must stand beside a question",
  ],
])("%s: %j is refused with file and line", async (name, text, message) => {
  const path = await folderWith({ [name]: text });
  expect(await errorOf(openImageFolder(path), path)).toContain(message);
});

test.each(["label", "number", "yes-no", "cell", "points", "box", "text", undefined])(
  "an answer of type %s that is not among the choices is an error, flat or nested",
  async (answerType) => {
    const question = { question: "which ?", answer: "C", answerType, choices: ["A", "B"] };
    for (const [line, field] of [
      [{ file_name: "a.png", ...question }, "answer"],
      [{ file_name: "a.png", questions: [question] }, "questions[0].answer"],
    ] as const) {
      const path = await folderWith({ "metadata.jsonl": JSON.stringify(line) });
      expect(await errorOf(openImageFolder(path), path)).toBe(
        `UserError: DIR/metadata.jsonl, line 1: ${field}: must be one of the choices A, B, got "C"`,
      );
    }
    const good = { file_name: "a.png", ...question, answer: " b " };
    await openImageFolder(await folderWith({ "metadata.jsonl": JSON.stringify(good) }));
  },
);

test("columns that nobody reads are said once, by name", async () => {
  const lines = [
    { file_name: "a.png", text: "a frog", note: null },
    {
      file_name: "a.png",
      text: "b",
      questions: [{ question: "q", answer: "a", answer_type: "text" }],
      more: 1,
    },
  ];
  const path = await folderWith({ "metadata.jsonl": lines.map((line) => JSON.stringify(line)).join("\n") });
  const said: string[] = [];
  await readExampleRefs(path, { onNotice: (line) => said.push(line.replaceAll(path, "DIR")) });
  expect(said).toEqual(["DIR/metadata.jsonl: columns that are not read: text, more, questions.answer_type"]);
});

describe("splits in folders", () => {
  const line = (word: string) => JSON.stringify({ file_name: "a.png", concepts: [{ word, regions: [] }] });

  test("are read by name; a folder that has several must be told which", async () => {
    const path = await folderWith({
      "train/metadata.jsonl": line("one"),
      "val/metadata.csv": "file_name\nb.png",
      "other/metadata.jsonl": line("no"),
    });
    expect((await openImageFolder(path, { split: "train" })).rows).toEqual([
      { fileName: "train/a.png", id: "train/a.png", questions: [], concepts: [{ word: "one", regions: [] }] },
    ]);
    expect((await openImageFolder(path, { split: "validation" })).rows[0].fileName).toBe("val/b.png");
    expect(await errorOf(openImageFolder(path), path)).toBe(
      "UserError: data set DIR: holds the splits train, validation; name one, as in DIR/train",
    );
    expect(await errorOf(openImageFolder(path, { split: "test" }), path)).toContain("train, validation");
  });

  test("may be one alone", async () => {
    const path = await folderWith({ "testing/metadata.jsonl": line("one") });
    expect(await openImageFolder(path)).toMatchObject({
      split: "test",
      rows: [{ fileName: "testing/a.png" }],
    });
  });
});

test("a folder without rows says what it should hold", async () => {
  const empty = await folderWith({});
  const rule =
    "must hold metadata.jsonl, metadata.csv, metadata.parquet, or folders train, validation, test that do";
  expect(await errorOf(openImageFolder(empty), empty)).toBe(`UserError: data set DIR: ${rule}`);
  const none = join(folder, "none");
  expect(await errorOf(openImageFolder(none), none)).toContain("there is no such folder");
  const shards = await folderWith({ "data/train-00000-of-00001.parquet": "" });
  expect(await errorOf(openImageFolder(shards), shards)).toContain(
    "fovea data import imagefolder DIR --out NEW",
  );
});

describe("regions", () => {
  const withRegion = (region: object, where: "questions" | "concepts" = "questions") => {
    const line = {
      questions: { question: "q", answer: "a", regions: [region] },
      concepts: { concepts: [{ word: "frog", regions: [region] }] },
    };
    return folderWith({ "metadata.jsonl": JSON.stringify({ file_name: "a.png", ...line[where] }) });
  };

  test.each([
    [{ kind: "box", box: [500, 500, 600, 600] }, "box [500, 500, 600, 600] must lie in the 20 x 10 picture"],
    [{ kind: "box", box: [-50, -50, -10, -10] }, "box [-50, -50, -10, -10] must lie in"],
    [{ kind: "box", box: [20, 0, 25, 5] }, "must lie in"],
    [{ kind: "points", points: [[5, 5], [640, 480]] }, "points [[5, 5],[640, 480]] must lie in"], // biome-ignore format: a row
    [{ kind: "polyline", points: [[-5, -5], [-1, 3]] }, "must lie in"], // biome-ignore format: a row
    [{ kind: "polyline", points: [[5, 5], [5, 5]] }, "must have an area, a length or a pixel"], // biome-ignore format: a row
    [{ kind: "mask", size: [10, 20], counts: [200] }, "must have an area, a length or a pixel"],
    [{ kind: "mask", size: [10, 20], counts: "hi5" }, "counts must add up"],
    [{ kind: "mask", size: [2, 2], counts: [1, 3] }, "mask size must be [10, 20], got [2, 2]"],
  ])("%j is refused when the folder is opened, and when the example is loaded", async (region, message) => {
    for (const where of ["questions", "concepts"] as const) {
      const path = await withRegion(region, where);
      expect(await errorOf(readExampleRefs(path), path)).toContain(message);
    }
  });

  test.each([
    [
      { kind: "box", box: [0.1, 0.2, 0.5, 0.6] },
      /every box or point is smaller than a pixel .* shares of the picture's sides \(0 to 1\)/,
    ],
    [{ kind: "points", points: [[0.5, 0.5]] }, /every box or point is smaller than a pixel/],
    [{ kind: "box", box: [10, 5, 30, 8] }, /1 regions of 1 pictures looked at reach beyond the border/],
  ])("%j is said loudly", async (region, message) => {
    const said: string[] = [];
    const [ref] = await readExampleRefs(await withRegion(region), { onNotice: (line) => said.push(line) });
    expect(said.join("\n")).toMatch(message);
    expect((await ref.load()).questions[0].regions).toEqual([region]);
  });

  test("that fit say nothing", async () => {
    const said: string[] = [];
    await readExampleRefs(await withRegion({ kind: "box", box: [0, 0, 20, 10] }), {
      onNotice: (line) => said.push(line),
    });
    expect(said).toEqual([]);
  });
});
