/** The server's data folders: what they give, what they refuse, and labels that are saved beside the old ones. */
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Hono } from "hono";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readExampleRefs } from "../../src/data/imagefolder/read.ts";
import { writePng } from "../../src/hub/image/image-file.ts";
import { createDataApp, dataPlaces } from "../../src/studio/server/data.ts";
import { errorReply } from "../../src/studio/server/errors.ts";

/** With the errors of the whole server. */
const refusing = (app: Hono) => new Hono().onError(errorReply()).route("/", app);

let work: string;
const image = (width: number, height: number) => ({
  width,
  height,
  data: new Uint8Array(width * height * 3).fill(99),
});

const box = { kind: "box", box: [2, 2, 20, 20], drawnBy: "somebody" };
const lines = [
  {
    file_name: "a.png",
    id: "a",
    weather: "fine",
    question: "what is this ?",
    answer: "a duck",
    regions: [box],
    note: 1,
  },
  {
    file_name: "b.png",
    questions: [{ question: "where ?", answer: "b3", task: "grid-patch", source: "me" }],
  },
  { file_name: "c.png", concepts: [{ word: "duck", regions: [box], sure: true }] },
];

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), "fovea-data-"));
  await mkdir(join(work, "pets"));
  for (const name of ["a", "b", "c"]) await writePng(join(work, "pets", `${name}.png`), image(64, 48));
  await writePng(join(work, "secret.png"), image(8, 8));
  await symlink(join(work, "secret.png"), join(work, "pets", "link.png"));
  const texts = [
    ...lines.map((line) => JSON.stringify(line)),
    '{"file_name": "../secret.png"}',
    '{"file_name": "link.png"}',
    '{"file_name": "gone.png"}',
    '{"file_name": "d.png", "questions": [{"question": "half',
  ];
  await writeFile(join(work, "pets", "metadata.jsonl"), texts.join("\n"));
  await mkdir(join(work, "photos/trip"), { recursive: true });
  for (const name of ["x", "trip/y"]) await writePng(join(work, "photos", `${name}.png`), image(300, 200));
});

afterAll(() => rm(work, { recursive: true }));

const appOf = async (name: string) => refusing(createDataApp({ places: await dataPlaces(join(work, name)) }));
const json = async (answer: Response | Promise<Response>) => (await answer).json();

test("lines that cannot be read are left out and said", async () => {
  const about = await json((await appOf("pets")).request("/pets"));
  expect(about).toMatchObject({ count: 5, questions: 2 });
  expect(about.notices.slice(0, 3)).toEqual([
    "2 lines cannot be read and are left out:",
    'metadata.jsonl, line 4: file_name must be a path within the folder, got "../secret.png"',
    expect.stringMatching(/^metadata.jsonl, line 7: must be JSON/),
  ]);
  expect(about.notices[3]).toBe(
    "columns that are kept and not read: weather, note, questions.source, concepts.sure",
  );
});

test("items come in pages, filtered", async () => {
  const app = await appOf("pets");
  expect(await json(app.request("/pets/items?from=1&count=2"))).toMatchObject([
    { index: 1, question: 0, row: { id: "b.png" } },
    { index: 2, row: { concepts: [{ word: "duck" }] } },
  ]);
  expect((await json(app.request("/pets/find?task=grid-patch"))).count).toBe(1);
  expect(await json(app.request("/pets/items?task=grid-patch"))).toHaveLength(1);
  const refused = await app.request("/pets/items?from=-1");
  expect(refused.status).toBe(400);
  expect((await json(refused)).error.message).toBe(
    'data: from must be a whole number of at least 0, got "-1"',
  );
});

test("pictures are shrunk, with the size of the whole", async () => {
  const app = await appOf("photos");
  const answer = await app.request("/photos/pictures/1?side=100");
  expect(answer.headers.get("content-type")).toBe("image/jpeg");
  expect([answer.headers.get("picture-width"), answer.headers.get("picture-height")]).toEqual(["300", "200"]);
  expect((await app.request("/photos/pictures/1")).headers.get("content-type")).toBe("image/png");
});

test("nothing outside of the folder is given", async () => {
  const app = await appOf("pets");
  expect((await app.request("/pets/pictures/3?side=64")).status).toBe(400); // The link.
  expect((await app.request("/pets/pictures/4?side=64")).status).toBe(400); // The file that is gone.
  for (const path of ["/nobody", "/..%2fphotos", "/pets/pictures/99", "/pets/pictures/..%2f..%2fsecret.png"])
    expect((await app.request(path)).status).toBe(404);
});

const asJson = { "Content-Type": "application/json" };
const post = async (name: string, edits: unknown) =>
  (await appOf(name)).request(`/${name}/labels`, {
    method: "POST",
    headers: asJson,
    body: JSON.stringify({ edits }),
  });

test("edited labels are a new file that is read as data, and nothing of the old is lost", async () => {
  const before = await readFile(join(work, "pets/metadata.jsonl"), "utf8");
  const answer = await post("pets", [
    {
      index: 0,
      questions: [
        {
          from: 0,
          task: "open",
          question: "what is this ?",
          answer: "a goose",
          regions: [{ kind: "box", box: [2, 2, 20, 20] }],
        },
        { task: "open", question: "where is it ?", answer: "left", regions: [] },
      ],
      concepts: [{ word: "goose", regions: [{ kind: "mask", size: [48, 64], counts: "0P3Pm2" }] }],
    },
  ]);
  expect(await json(answer)).toEqual({
    file: "metadata.edited-1.jsonl",
    command: join(work, "pets/metadata.edited-1.jsonl"),
  });
  expect(await readFile(join(work, "pets/metadata.jsonl"), "utf8")).toBe(before);
  const saved = (await readFile(join(work, "pets/metadata.edited-1.jsonl"), "utf8")).trim().split("\n");
  expect(JSON.parse(saved[0])).toEqual({
    ...lines[0],
    answer: "a goose",
    questions: [{ question: "where is it ?", answer: "left" }],
    concepts: [{ word: "goose", regions: [{ kind: "mask", size: [48, 64], counts: "0P3Pm2" }] }],
  });
  expect(saved.slice(1, 3).map((line) => JSON.parse(line))).toEqual(lines.slice(1));
  const refs = await readExampleRefs(join(work, "pets/metadata.edited-1.jsonl"));
  const example = await refs[0].load();
  expect(example.image.width).toBe(64);
  expect(example.questions.map(({ answer }) => answer)).toEqual(["a goose", "left"]);
  expect(example.concepts[0].regions).toMatchObject([{ kind: "mask", counts: [0, 96, 2976] }]);
});

test("every save is a further file, and the first labels of bare pictures are their metadata.jsonl", async () => {
  const edit = [{ index: 0, questions: [], concepts: [{ word: "road", regions: [] }] }];
  expect((await json(await post("pets", edit))).file).toBe("metadata.edited-2.jsonl");
  expect(await json(await post("photos", edit))).toEqual({
    file: "metadata.jsonl",
    command: join(work, "photos"),
  });
  const refs = await readExampleRefs(join(work, "photos"));
  expect(refs.map(({ id, concepts }) => [id, concepts.length])).toEqual([
    ["trip/y.png", 1],
    ["x.png", 0],
  ]);
});

test("labels that are none are refused, and nothing is written", async () => {
  const files = await readdir(join(work, "pets"));
  const wrong = [
    [
      {
        index: 0,
        questions: [],
        concepts: [{ word: "duck", regions: [{ kind: "box", box: [500, 0, 510, 9] }] }],
      },
    ],
    [{ index: 0, questions: [{ question: "", answer: "x", regions: [] }], concepts: [] }],
    [
      {
        index: 0,
        questions: [],
        concepts: [{ word: "duck", regions: [{ kind: "mask", size: [1, 1], counts: "0" }] }],
      },
    ],
    "nothing",
  ];
  const answers = await Promise.all(wrong.map((edits) => post("pets", edits)));
  expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 400]);
  expect((await json(answers[0])).error.message).toMatch(
    /^labels of a.png: concepts\[0\].regions\[0\]: box .* must lie in/,
  );
  expect(await readdir(join(work, "pets"))).toEqual(files);
});

test("a file that changed since it was read is not merged with", async () => {
  const app = await appOf("pets");
  await app.request("/pets");
  const path = join(work, "pets/metadata.jsonl");
  await writeFile(path, `{"file_name": "b.png"}\n${await readFile(path, "utf8")}`);
  const body = JSON.stringify({ edits: [] });
  const refused = await app.request("/pets/labels", { method: "POST", headers: asJson, body });
  expect((await json(refused)).error.message).toMatch(/has changed since Studio read it/);
});
