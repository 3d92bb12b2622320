import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { dataDigest, picturePrints, writeHeldOut } from "../../src/data/held-out.ts";
import { readItems } from "../../src/harness/items.ts";
import { choosePart } from "../../src/harness/part.ts";
import { dataFolder, temporaryFolder } from "./data.ts";

const count = 8;
const ids = Array.from({ length: count }, (_, i) => `item-${i}`);
const heldOut = ["item-3", "item-7"];
let data: string;
let model: string;

/** A folder with the record that training leaves, of `data`. */
async function trained(held: readonly string[]): Promise<string> {
  const folder = await temporaryFolder();
  const examples = ids.map((id, i) => ({ id, picture: `images/${i}.png` }));
  const sides = [
    examples.filter(({ id }) => !held.includes(id)),
    examples.filter(({ id }) => held.includes(id)),
  ];
  const prints = await picturePrints(data, sides);
  await writeHeldOut(folder, { version: 1, data: dataDigest(ids), heldOut: [...held], prints });
  return folder;
}

beforeAll(async () => {
  data = await dataFolder(count);
  model = await trained(heldOut);
});

async function asked(...given: Parameters<typeof choosePart>): Promise<string[]> {
  const { part } = await choosePart(...given);
  return (await readItems(given[2], { ...(part && { part }) })).items.map(({ id }) => id);
}

describe("the part of a folder that is asked about", () => {
  it("is what training held out, for a model that was trained on it", async () => {
    expect(await asked("eval", [model], data)).toEqual(["item-3/0", "item-7/0"]);
    expect((await choosePart("eval", [model], data)).note).toContain(
      "only the 2 examples of 8 that training held out are asked about",
    );
  });

  it("is the same for a pair of which one was trained on it", async () => {
    const base = await temporaryFolder();
    expect(await asked("eval", [base, model], data)).toEqual(["item-3/0", "item-7/0"]);
    expect(await asked("eval", [model, "openai:gpt-5"], data)).toEqual(["item-3/0", "item-7/0"]);
    const other = await trained(["item-7", "item-1"]);
    expect(await asked("eval", [model, other], data)).toEqual(["item-7/0"]);
  });

  it("follows --split, and says what the figures then mean", async () => {
    const all = await choosePart("eval", [model], data, "all");
    expect(all.part).toBeUndefined();
    expect(all.note).toMatch(
      /6 of these 8 examples were seen in training, so the figures say nothing about new pictures/,
    );
    expect(await asked("eval", [model], data, "train")).toEqual([0, 1, 2, 4, 5, 6].map((i) => `item-${i}/0`));
  });

  it("is all of data that trained nobody, and --split then has nothing to choose", async () => {
    const stranger = await temporaryFolder();
    expect(await choosePart("eval", [stranger], data)).toEqual({});
    expect(await choosePart("eval", ["blind"], data, "all")).toEqual({});
    await expect(choosePart("eval", [stranger], data, "held-out")).rejects.toThrow("--split must be all");
  });

  it("is known in a copy with another name, and where examples were added", async () => {
    const copy = join(await temporaryFolder(), "copy");
    await cp(data, copy, { recursive: true });
    expect(await asked("eval", [model], copy)).toEqual(["item-3/0", "item-7/0"]);
    const path = join(copy, "metadata.jsonl");
    const [first] = (await readFile(path, "utf8")).split("\n");
    const added = { ...JSON.parse(first), id: "new" };
    await writeFile(path, `${await readFile(path, "utf8")}${JSON.stringify(added)}\n`);
    expect(await asked("eval", [model], copy)).toEqual(["item-3/0", "item-7/0"]);
    expect((await choosePart("eval", [model], copy)).note).toContain("changed since");
  });

  it("is all of other data, although its ids are the same", async () => {
    const other = join(await temporaryFolder(), "other");
    await mkdir(other);
    await cp(data, other, { recursive: true });
    for (const [i] of ids.entries())
      await cp(join(data, `images/${(i + 1) % count}.png`), join(other, `images/${i}.png`));
    expect(await choosePart("eval", [model], other)).toEqual({});
  });

  it("is refused where training held nothing out", async () => {
    const everything = await trained([]);
    await expect(choosePart("eval", [everything], data)).rejects.toThrow(
      /with no example held out; name other data/,
    );
    expect(await asked("eval", [everything], data, "train")).toHaveLength(count);
  });
});
