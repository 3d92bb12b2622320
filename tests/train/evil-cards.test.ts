import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { sceneCard } from "../../src/data/imagefolder/card.ts";
import { importCard } from "../../src/data/public/card.ts";
import { headOf, licenceLines, pythonLines } from "../../src/train/report/card.ts";
import { writeMergedCard } from "../../src/train/report/merged-card.ts";
import { kindOf } from "../../src/train/report/origin.ts";
import { evils } from "../pages/evil.ts";
import { inTemporaryFolder } from "./support.ts";

const fixture = join(import.meta.dirname, "../fixtures/llava");

/** Lines of Markdown outside of code that hold HTML, a picture or a link. */
function markupIn(card: string): string[] {
  const [, , ...body] = card.split(/^---$/m);
  const text = body.join("---").replaceAll(/^(`{3,})\w*\n[\s\S]*?\n\1$/gm, "");
  return text
    .replaceAll(/<!-- \/?scores -->|!\[[^\]]*\]\(distributions\.svg\)/g, "")
    .replaceAll(/(?<![`\\])(`+)(?!`).*?(?<!`)\1(?!`)/g, "")
    .split("\n")
    .filter((line) => /(?<!\\)<[a-z!/]|(?<!\\)\]\(/i.test(line));
}

test("what strangers' cards and folders say becomes neither YAML nor HTML in ours", async () => {
  for (const evil of [
    ...evils,
    "x\n---\n# y",
    "[a](javascript:b)",
    "mit\nbase_model: other",
    "`".repeat(5),
  ]) {
    const licence = { license: evil, license_name: evil, license_link: evil };
    const origin = { name: evil, published: evil, licence };
    const kind = { modelType: evil, architecture: "A", prompt: { kind: "chat" } } as const;
    const head = headOf(kind, origin, "finetune");
    expect(parse(head.split(/^---$/m)[1])).toMatchObject({
      ...licence,
      base_model: evil,
      library_name: "transformers",
    });
    const lines = [...licenceLines(origin), ...pythonLines({ model: evil, prompt: kind.prompt }, undefined)];
    expect(markupIn([head, ...lines].join("\n"))).toEqual([]);
    const recipe = { count: 1, split: evil, seed: 0, sources: [evil] } as never;
    const facts = { names: [evil], words: 1, questions: { [evil]: 1 } };
    expect(markupIn(sceneCard(recipe, facts))).toEqual([]);
    const imported = {
      rows: 1,
      images: 1,
      questions: { [evil]: 1 },
      counts: { [evil]: 1 },
      notes: [evil],
      badRows: 0,
    };
    expect(markupIn(importCard("coco", "COCO", imported as never))).toEqual([]);
  }
});

test("a merged model takes sections from its adapter's card, and no HTML", async () => {
  await inTemporaryFolder(async (folder) => {
    for (const name of ["base", "merged"])
      await cp(join(fixture, "tied"), join(folder, name), { recursive: true });
    await mkdir(join(folder, "adapter"));
    const card = ["---", "tags:", "  - fovea", "---", "# A low-rank adapter for b, trained with <b>X</b>"];
    const sections = [
      "## Training",
      ...evils.map((evil) => evil.replaceAll("\n", " ")),
      "",
      "## Other",
      "no",
    ];
    await writeFile(join(folder, "adapter/README.md"), [...card, ...sections].join("\n"));
    const of = (name: string) => join(folder, name);
    const command = "fovea merge `a` <b>|";
    await writeMergedCard(of("merged"), {
      base: of("base"),
      adapter: of("adapter"),
      out: of("merged"),
      command,
    });
    const merged = await readFile(of("merged/README.md"), "utf8");
    expect(merged).toContain("## Training");
    expect(merged).toContain("trained with \\<b\\>X\\</b\\>");
    expect(markupIn(merged)).toEqual([]);
  });
});

test("an architecture that is no name is not said", async () => {
  await inTemporaryFolder(async (folder) => {
    await cp(join(fixture, "tied"), folder, { recursive: true });
    const path = join(folder, "config.json");
    const config = JSON.parse(await readFile(path, "utf8"));
    for (const architectures of [[evils[0]], [{}], [["a b"]], 7, []]) {
      await writeFile(path, JSON.stringify({ ...config, architectures }));
      expect((await kindOf(folder)).architecture).toBe("llava");
    }
  });
});
