import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readImage } from "../../src/hub/image/image-file.ts";
import { openVlm } from "../../src/vlm/open.ts";
import { inProject, repository } from "./project.ts";

/** The code of the README's section on the library, as it stands there. */
let [draws, trains]: string[] = [];
/** What docs/library.md shows. */
let guide: string[] = [];

beforeAll(async () => {
  const readme = await readFile(join(repository, "README.md"), "utf8");
  const [section] = /## As a library\n[\s\S]*?(?=\n## )/.exec(readme) ?? [""];
  [draws, trains] = codeOf(section);
  guide = codeOf(await readFile(join(repository, "docs/library.md"), "utf8"));
});

function codeOf(page: string): string[] {
  return [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code);
}

const linked = ["checkpoints", "examples/lens-script/scene.png"];

describe("the README's library", () => {
  it("compiles as it stands, without a cast, as does what docs/library.md shows", async () => {
    const files = Object.fromEntries([draws, trains, ...guide].map((code, i) => [`program-${i}.ts`, code]));
    await inProject({ files }, async (project) => {
      expect(await project.check()).toBe("");
      expect(Object.values(files).join("")).not.toMatch(/\bas\b(?! a)|\bany\b|!\./);
    });
  });

  it("draws a concept's map", () =>
    inProject({ files: { "draws.ts": draws }, linked }, async ({ folder, run }) => {
      const printed = await run("draws.ts");
      expect(printed).toContain("text: 'yes'");
      expect(printed).toMatch(/value: 0\.99\d+, row: 5, column: 7/);
      const { width, height, data } = await readImage(join(folder, "flamingo.png"));
      expect([width, height]).toEqual([512, 512]);
      const redness = (row: number, column: number) => {
        const pixel = 3 * ((64 * row - 4) * width + 64 * column - 4);
        return data[pixel] - data[pixel + 1];
      };
      // The token that says the word is dark red, one in the other corner is paper.
      expect(redness(5, 7)).toBeGreaterThan(80);
      expect(redness(8, 1)).toBeLessThan(10);
    }));

  it("trains with a loss of one's own on arrays of one's own", () =>
    inProject({ files: { "trains.ts": trains }, linked }, async ({ folder, run }) => {
      const losses = [...(await run("trains.ts")).matchAll(/\bntp: ([\d.e-]+)/g)].map(([, loss]) =>
        Number(loss),
      );
      expect(losses).toHaveLength(4);
      expect(losses[3]).toBeLessThan(0.5 * losses[0]);
      expect((await openVlm(join(folder, "out/red"))).family.modelType).toBe("llava");
    }));
});

describe("the guide's programs", () => {
  it("open a model, ask it, look inside, train it on arrays and save it", () => {
    const [looks, learns] = guide;
    const tells = `${looks}\nconsole.log(JSON.stringify([text, concept.peak, answer.answer, mask.data.includes(1)]));`;
    const files = {
      "looks.ts": tells,
      "learns.ts": `${learns}\nconsole.log(before.loss, loss, trained.name);`,
    };
    return inProject({ files, linked }, async ({ folder, run }) => {
      const [text, peak, answer, hasMask] = JSON.parse(await run("looks.ts"));
      expect(text).toBe(answer);
      expect(text).toMatch(/^[b-d][1-4]$/);
      expect(peak.value).toBeGreaterThanOrEqual(1);
      expect(peak.value).toBeLessThan(10);
      expect(hasMask).toBe(true);
      const [before, loss] = (await run("learns.ts")).split(" ").map(Number);
      expect(loss).toBeCloseTo(before, 3);
      expect(
        (await openVlm(join(folder, "out/adapter"), { base: join(repository, "checkpoints/full") })).name,
      ).toBe("adapter");
    });
  });
});
