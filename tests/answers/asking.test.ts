import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import {
  askingFile,
  askingOf,
  askingRecord,
  publishedAsking,
  readAsking,
  trainedAsking,
} from "../../src/answers/asking.ts";
import { type Asking, families, familyNames, familyOf } from "../../src/answers/families.ts";
import { hundredths } from "../../src/grounding/text.ts";

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

async function folderWith(files: Readonly<Record<string, object | string>> = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "fovea-asking-"));
  folders.push(folder);
  for (const [name, content] of Object.entries(files))
    await writeFile(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
  return folder;
}

const knowsAll = () => true;
const knowsNone = () => false;
const own = ({ name, bare, places }: Asking) => ({ name, bare, places });

describe("how a model is asked", () => {
  it("is what its folder records, of every family, bare or not", async () => {
    for (const name of familyNames)
      for (const bare of [true, false]) {
        const { places } = familyOf(name);
        const found = (await readAsking(await folderWith(askingFile({ name, bare, places })))) as Asking;
        expect(found).toMatchObject({ bare, places });
        expect(askingRecord(found)).toEqual(askingRecord({ name: found.name, bare, places }));
        if (bare === familyOf(name).bare) expect(found.name).toBe(name);
      }
  });

  it("is an adapter's record before its base's", async () => {
    const base = await folderWith(askingFile(familyOf("qwen3_vl")));
    const adapter = await folderWith(askingFile({ ...familyOf("qwen3_vl"), bare: true }));
    expect(await askingOf([adapter, base], "qwen3_vl", knowsAll)).toMatchObject({ bare: true });
    expect(await askingOf([await folderWith(), base], "qwen3_vl", knowsAll)).toMatchObject({ bare: false });
  });

  it("is bare with hundredths where a folder was trained here before there was a record", async () => {
    const folder = await folderWith({ "training.yaml": "train: {}" });
    expect(await askingOf([folder], "qwen2_5_vl", knowsAll)).toEqual(own(families.fovea));
  });

  it("is the family's published form without a record, by its type alone", async () => {
    const folder = await folderWith();
    const found = (type: string) => askingOf([folder], type, knowsAll);
    expect(await found("qwen2_5_vl")).toEqual(own(families.qwen2_5_vl));
    expect(await found("paligemma")).toEqual(own(families.paligemma));
    expect(await found("llava")).toEqual(own(families.generic));
    // Names of services are no types of models.
    expect(await found("toString")).toEqual(own(families.generic));
    expect(publishedAsking("paligemma", knowsNone)).toEqual(own(families.generic));
  });

  it("of a model trained here is the bare question, with places as its start writes them", async () => {
    expect(await trainedAsking(undefined, "llava", knowsAll)).toEqual(own(families.fovea));
    const base = await folderWith();
    const qwen = await trainedAsking(base, "qwen2_5_vl", knowsAll);
    expect(qwen).toMatchObject({ bare: true, places: families.qwen2_5_vl.places });
    expect(await readAsking(await folderWith(askingFile(qwen)))).toEqual(qwen);
    const small = await folderWith(askingFile(families.fovea));
    expect(await trainedAsking(small, "llava", knowsAll)).toMatchObject({ bare: true, places: hundredths });
  });

  it("is refused where the record cannot be read", async () => {
    await expect(readAsking(await folderWith({ "fovea.json": "{" }))).rejects.toThrow(/fovea\.json/);
    const wrong = { version: 1, prompt: "bare", family: "fovea", places: { ...hundredths, scale: "inches" } };
    await expect(readAsking(await folderWith({ "fovea.json": wrong }))).rejects.toThrow(/places\.scale/);
  });

  it("is recorded by the checkpoints of this repository", async () => {
    for (const name of ["full", "ntp", "ntp-klal", "ntp-lll", "line-tracing"]) {
      const folder = new URL(`../../checkpoints/${name}`, import.meta.url).pathname;
      expect(await readAsking(folder)).toEqual(own(families.fovea));
    }
  });
});
