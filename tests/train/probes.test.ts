/** `train.probes`: what a run keeps of a few pictures as it learns. */
import { appendFile, readFile, truncate } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { decodeImage, writePng } from "../../src/hub/image/image-file.ts";
import { lensMaps } from "../../src/lens/logit-lens.ts";
import { readProbes } from "../../src/train/report/probe-file.ts";
import {
  type MapsLine,
  type PicturesLine,
  packShares,
  readProbeLine,
  unpackShares,
} from "../../src/train/report/probe-lines.ts";
import { openVlm } from "../../src/vlm/open.ts";
import { inTemporaryFolder, run, tinyConfig } from "./support.ts";

const stopped = AbortSignal.abort();
const weights = (model: string) => readFile(join(model, "model.safetensors"));

async function probesOf(out: string) {
  const [pictures, ...maps] = await readProbes(join(out, "probes.jsonl"));
  return { pictures: (pictures as PicturesLine).pictures, maps: maps as MapsLine[] };
}

describe("a run's probes", () => {
  it("are held-out scenes with their maps at every evaluation, and change nothing that is learnt", () =>
    inTemporaryFolder(async (folder) => {
      const [plain, watched] = [join(folder, "plain"), join(folder, "watched")];
      const { model: alone } = await run(tinyConfig(), plain);
      const { model } = await run(tinyConfig({ train: { probes: { count: 2 } } }), watched);
      expect((await weights(model)).equals(await weights(alone))).toBe(true);
      const { pictures, maps } = await probesOf(watched);
      expect(pictures.map(({ concept, question }) => [typeof concept, typeof question])).toEqual([
        ["string", "string"],
        ["string", "string"],
      ]);
      expect(maps.map(({ step }) => step)).toEqual([0, 2, 4, 6]);
      for (const { maps: both } of maps)
        for (const [i, { lens = "", attention = "" }] of both.entries()) {
          const { rows, columns } = pictures[i].geometry.grid;
          expect(unpackShares(lens).length).toBe(rows * columns);
          expect(unpackShares(attention).reduce((a, b) => a + b)).toBeCloseTo(1, 2);
        }
      const opened = await openVlm(model);
      const image = await decodeImage(Buffer.from(pictures[0].png, "base64"));
      const { layers } = await lensMaps(opened, image, [pictures[0].concept as string]);
      const kept = unpackShares(maps.at(-1)?.maps[0].lens as string);
      for (const [n, value] of layers.at(-1)!.maps[0].entries()) expect(kept[n]).toBeCloseTo(value, 4);
    }));

  it("go on with the run: later maps of a run that was cut short go, and a half line with them", () =>
    inTemporaryFolder(async (out) => {
      const config = tinyConfig({ train: { probes: { count: 1, every: 1 }, checkpointEvery: 1 } });
      await expect(run(config, out, { signal: stopped })).rejects.toThrow("stopped after step 1");
      const path = join(out, "probes.jsonl");
      const [first, second] = (await readFile(path, "utf8")).split("\n");
      await appendFile(path, `${second.replace(/"step":0/, '"step":5')}\n{"kind":"maps","st`);
      await run(config, out, { resume: true });
      const { maps } = await probesOf(out);
      expect(maps.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5, 6]);
      expect((await readFile(path, "utf8")).startsWith(`${first}\n`)).toBe(true);
      await truncate(path, first.length + 20);
      expect((await readProbes(path)).map(({ kind }) => kind)).toEqual(["pictures"]);
    }));

  it("may be a user's own pictures, which a long side makes smaller; an unknown word is refused", () =>
    inTemporaryFolder(async (out) => {
      const picture = join(out, "..", `wide-${process.pid}.png`);
      await writePng(picture, { width: 300, height: 60, data: new Uint8Array(300 * 60 * 3).fill(90) });
      const watching = (concept: string) =>
        tinyConfig({ train: { probes: { pictures: [{ picture, concept }], every: 0 } } });
      await expect(run(watching("zeppelin"), join(out, "a"))).rejects.toThrow("zeppelin");
      const known = (await probesOf2(out)).concept;
      await run(watching(known), join(out, "b"));
      const { pictures, maps } = await probesOf(join(out, "b"));
      expect(maps.map(({ step }) => step)).toEqual([0, 6]);
      expect(pictures[0].geometry.original).toEqual({ width: 256, height: 51 });
      expect(pictures[0].conceptShares).toBeUndefined();
      expect(maps[0].maps[0].attention).toBeUndefined();
    }));
});

/** A word that the tiny config's model knows. */
async function probesOf2(out: string): Promise<{ concept: string }> {
  await run(tinyConfig({ train: { steps: 1, probes: { count: 1 } } }), join(out, "words"));
  const { pictures } = await probesOf(join(out, "words"));
  return { concept: pictures[0].concept as string };
}

describe("a line of probes.jsonl", () => {
  it("packs shares to within a 131,070th", () => {
    const values = Float32Array.from({ length: 999 }, (_, i) => i / 998);
    const back = unpackShares(packShares(values));
    for (const [n, value] of values.entries()) expect(Math.abs(back[n] - value)).toBeLessThan(8e-6);
  });

  it("is read as it was written, and nothing else is", () => {
    const line: MapsLine = { kind: "maps", step: 3, maps: [{ lens: packShares([0, 1]), answer: "b3" }] };
    expect(readProbeLine(JSON.stringify(line))).toEqual(line);
    for (const other of ['{"kind":"maps","step":-1,"maps":[]}', "null", "[", '{"kind":"step"}', ""])
      expect(readProbeLine(other)).toBeUndefined();
  });
});
