import { createHash } from "node:crypto";
import { join } from "node:path";
import { openImageFolder, readExampleRefs } from "../../src/data/imagefolder/read.ts";
import { importPublic } from "../../src/data/public/import.ts";
import type { FormatName } from "../../src/data/public/registry.ts";
import { compressCounts } from "../../src/grounding/rle.ts";
import { readItems } from "../../src/harness/items.ts";
import type { Files, Reader, Seed } from "../reader.ts";
import { fixture, fixtureFolder, lines, text } from "./files.ts";

const coco = fixtureFolder("public/pictures");
const names = Object.keys(coco);
const [first, second] = names;

/** 40 x 30 pixels, of which a square is masked, as a list of runs and as COCO's text. */
const runs = { kind: "mask", size: [30, 40], counts: [100, 10, 20, 10, 1060] };
const packed = { kind: "mask", size: [30, 40], counts: compressCounts([100, 10, 20, 10, 1060]) };
const box = { kind: "box", box: [1, 2, 20, 15.5] };

const rows = [
  {
    file_name: first,
    question: "what ?",
    answer: "cat",
    regions: [runs, box],
    difficulty: { lines: 3, kind: "a" },
  },
  {
    file_name: second,
    id: "b",
    questions: [
      {
        question: "where ?",
        answer: "here",
        answer_type: "points",
        task: "pointing",
        regions: [
          {
            kind: "points",
            points: [
              [1, 2],
              [3, 4],
            ],
          },
        ],
      },
      { question: "which ?", answer: "A", choices: ["A", "B"], answer_type: "label" },
    ],
    concepts: [
      { word: "cat", regions: [runs, packed] },
      { word: "sea", regions: [] },
    ],
  },
  {
    file_name: first,
    id: "c",
    question: "follow",
    answer: "B",
    regions: [
      {
        kind: "polyline",
        points: [
          [1, 1],
          [9, 9],
          [20, 3],
        ],
      },
    ],
  },
];

const csv = `file_name,question,answer,choices,regions\n${first},what ?,cat,"[""cat"",""dog""]",\n${second},"two\nlines ?",sea,,"[{""kind"":""box"",""box"":[0,0,9,9]}]"\n`;

const pictures = { ...coco, ...fixtureFolder("public/pixmo", /parquet$/) };

const table = { ...fixtureFolder("public/table"), "a.png": coco[first], "b.png": coco[second] };

async function folders(): Promise<readonly Seed[]> {
  const kept = Object.keys(coco);
  return [
    { files: { ...coco, "metadata.jsonl": lines(rows) } },
    { files: { ...coco, "metadata.jsonl": lines(rows) }, kept },
    { files: { ...coco, "metadata.csv": text(csv) }, kept },
    { files: { ...coco, ...table }, kept },
  ];
}

/** Pictures as a download keeps them, under their sums. */
const cached = Object.fromEntries(
  Object.values(pictures).map((bytes) => {
    const sum = createHash("sha256").update(bytes).digest("hex");
    return [`cache/${sum.slice(0, 2)}/${sum}`, bytes];
  }),
);

/** A form of published data, in files of one folder together with its pictures. */
function importer(format: FormatName, path: string, sources: readonly Files[], options: object = {}): Reader {
  const kept = Object.keys(pictures).map((name) => `pictures/${name}`);
  const shown = Object.fromEntries(
    Object.entries(pictures).map(([name, bytes]) => [`pictures/${name}`, bytes]),
  );
  return {
    share: 0.7,
    seeds: async () => sources.map((files) => ({ files: { ...files, ...shown }, kept })),
    read: ({ folder, out }) =>
      importPublic(format, join(folder, path), join(out, "imported"), {
        images: join(folder, "pictures"),
        ...options,
      }),
  };
}

const refcoco = fixtureFolder("public/refcoco");
const named = (from: string) => ({ "refs.p": refcoco[from], "instances.json": refcoco["instances.json"] });

export const dataReaders: Record<string, Reader> = {
  imagefolder: {
    seeds: folders,
    async read({ folder }) {
      const opened = await openImageFolder(folder);
      for (const i of opened.rows.keys()) await opened.example(i);
      const refs = await readExampleRefs(folder);
      await Promise.all(refs.map((ref) => ref.load()));
      await readItems(folder);
    },
  },
  "import-imagefolder": {
    share: 0.5,
    seeds: folders,
    read: ({ folder, out }) => importPublic("imagefolder", folder, join(out, "imported")),
  },
  "import-jsonl": importer("jsonl", "rows.jsonl", [
    { "rows.jsonl": fixture("public/own/rows.jsonl") },
    { "rows.jsonl": lines(rows) },
  ]),
  "import-coco": importer("coco", "instances.json", [
    { "instances.json": fixture("public/coco/instances_val2017.json") },
    { "instances.json": fixture("public/coco/instances_val2017.json") },
  ]),
  "import-coco-captions": importer("coco-captions", "captions.json", [
    { "captions.json": fixture("public/coco/captions_val2017.json") },
  ]),
  "import-refcoco": importer(
    "refcoco",
    "refs.p",
    ["refs(unc).p", "refs(umd).p", "refs(google).p"].map(named),
  ),
  "import-refcoco-parquet": importer("refcoco", "refs.parquet", [
    { "refs.parquet": refcoco["paths.parquet"] },
    { "refs.parquet": refcoco["testA-00000-of-00001.parquet"] },
  ]),
  "import-pope": importer("pope", "pope", [
    Object.fromEntries(
      Object.entries(fixtureFolder("public/pope")).map(([name, bytes]) => [`pope/${name}`, bytes]),
    ),
    { "pope/test.parquet": fixture("public/pope-list/test-00000-of-00001.parquet") },
  ]),
  "import-grounding": importer("grounding", "data.jsonl", [
    { "data.jsonl": fixture("public/grounding/swift.jsonl") },
    { "data.jsonl": fixture("public/grounding/sharegpt.json") },
  ]),
  "import-parquet-folder": {
    share: 0.5,
    seeds: async () => [{ files: fixtureFolder("public/hub") }],
    read: ({ folder, out }) => importPublic("imagefolder", folder, join(out, "imported")),
  },
  "import-pixmo": {
    share: 0.2,
    seeds: async () => [
      {
        files: { ...cached, "pixmo.parquet": fixture("public/pixmo-eval/test-00000-of-00001.parquet") },
        kept: Object.keys(cached),
      },
      {
        files: { ...cached, "pixmo.parquet": fixture("public/pixmo/train-00000-of-00001.parquet") },
        kept: Object.keys(cached),
      },
    ],
    read: ({ folder, out }) =>
      importPublic("pixmo-points", join(folder, "pixmo.parquet"), join(out, "imported"), {
        cache: join(folder, "cache"),
      }),
  },
};
