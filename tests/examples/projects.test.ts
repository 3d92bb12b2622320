import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readImage } from "../../src/hub/image/image-file.ts";
import { openServed } from "../../src/serve/served.ts";
import { startServer } from "../../src/serve/server.ts";
import { inProject, type Project, repository } from "./project.ts";

/** Hands the project of an example to `use`, with the packages that its package.json names. */
async function inExample(name: string, use: (project: Project) => Promise<void>): Promise<void> {
  const from = `examples/${name}`;
  const json = await readFile(join(repository, from, "package.json"), "utf8");
  const packages = Object.keys(JSON.parse(json).dependencies);
  await inProject({ from, packages: packages.filter((one) => !one.startsWith("fovea")) }, use);
}

/** The script that `npm start` runs, as its words. */
async function startOf({ folder }: Project): Promise<string[]> {
  const { scripts } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const [node, ...words] = [...scripts.start.matchAll(/"([^"]*)"|(\S+)/g)].map(([, a, b]) => a ?? b);
  expect(node).toBe("node");
  return words;
}

describe("lens-script", () => {
  it("finds the pig and the flamingo where they are, and no zebra", () =>
    inExample("lens-script", async (project) => {
      const [script, ...args] = await startOf(project);
      const lines = (await project.run(script, ...args)).trim().split("\n");
      const readme = await readFile(join(project.folder, "README.md"), "utf8");
      expect(lines.map((line) => line.replace(/\d\.\d+ /g, ""))).toEqual([
        "flamingo: at row 5, column 7",
        "pig: at row 3, column 5",
        "zebra: nowhere",
      ]);
      for (const line of lines) expect(readme).toContain(line);
      const { width, height } = await readImage(join(project.folder, "out/flamingo.png"));
      expect([width, height]).toEqual([512, 512]);
    }));

  it("says in a line what is wrong", () =>
    inExample("lens-script", async ({ run }) => {
      const error = await run("lens.ts", "nowhere", "scene.png", "pig").catch((thrown) => thrown);
      expect(error.stderr.trim().split("\n")).toHaveLength(1);
      expect(error.code).toBe(1);
    }));
});

describe("served-maps", () => {
  it("draws where the pig is said and where the answer looked, as its README says", async () => {
    const served = await openServed(join(repository, "checkpoints/full"));
    const server = await startServer(served, { port: 0, host: "127.0.0.1" });
    try {
      await inExample("served-maps", async (project) => {
        const [script, , ...args] = await startOf(project);
        const lines = (await project.run(script, `${server.url}/v1`, ...args)).trim().split("\n");
        const readme = await readFile(join(project.folder, "README.md"), "utf8");
        expect(lines).toHaveLength(2);
        for (const line of lines) expect(readme).toContain(`    ${line}\n`);
        for (const name of ["says", "looks"]) {
          const { width, height } = await readImage(join(project.folder, `out/${name}.png`));
          expect([width, height]).toEqual([512, 512]);
        }
      });
    } finally {
      await server.close(0);
    }
  });
});

describe("attention-csv", () => {
  it("writes a line for each picture, token and layer; the answer looks at the bus", () =>
    inExample("attention-csv", async (project) => {
      const [script, ...args] = await startOf(project);
      expect(await project.run(script, ...args)).toBe("broccoli.png: a2\nbus.png: d3\nlemon.png: c3\n");
      const text = await readFile(join(project.folder, "attention.csv"), "utf8");
      const [header, ...rows] = text.trim().split("\n");
      expect(header).toBe("picture,answer,token,layer,share_on_image,peak,row,column");
      expect(rows).toHaveLength(3 * 2 * 4);
      // Cells of the 4 x 4 grid are two rows and two columns of image tokens.
      for (const [name, cell] of [
        ["bus.png,d3,d3,4", [5, 6, 7, 8]],
        ["lemon.png,c3,c3,4", [5, 6, 5, 6]],
      ] as const) {
        const last = rows.find((row) => row.startsWith(name)) as string;
        const [share, peak, row, column] = last.split(",").slice(4).map(Number);
        expect(cell.slice(0, 2)).toContain(row);
        expect(cell.slice(2)).toContain(column);
        expect(share).toBeGreaterThan(0.5);
        expect(peak).toBeGreaterThan(2 / 64);
      }
      const readme = await readFile(join(project.folder, "README.md"), "utf8");
      for (const line of [header, rows.find((row) => row.startsWith("bus.png,d3,d3,4")) as string])
        expect(readme).toContain(line);
    }));
});

describe("custom-loss", () => {
  it("makes the answers' attention narrower than it is without the loss", () =>
    inExample("custom-loss", async ({ run }) => {
      const nats = [...(await run("compare.ts")).matchAll(/: ([\d.]+) nats/g)].map(([, value]) =>
        Number(value),
      );
      expect(nats).toHaveLength(2);
      expect(nats[0]).toBeGreaterThan(1.5);
      expect(nats[0]).toBeLessThan(2.78);
      expect(nats[1]).toBeLessThan(0.5 * nats[0]);
    }));
});

describe("custom-family", () => {
  it("opens weights as a family of one's own, trains them and opens what it saved", () =>
    inExample("custom-family", async (project) => {
      const [script, ...args] = await startOf(project);
      const lines = (await project.run(script, ...args)).trim().split("\n");
      const found = lines.map((line) =>
        /^flamingo ([\d.]+) at row (\d), column (\d) of 4 x 4; .*\? (.*)$/.exec(line),
      );
      const [before, after] = found.map((parts) => parts?.slice(1) ?? []);
      expect(Number(before[0])).toBeLessThan(0.5);
      expect(Number(after[0])).toBeGreaterThan(0.9);
      // The flamingo's box covers rows 2 and 3 of column 4.
      expect(["2", "3"]).toContain(after[1]);
      expect(after.slice(2)).toEqual(["4", "d3"]);
      const readme = await readFile(join(project.folder, "README.md"), "utf8");
      for (const line of lines) expect(readme).toContain(line);
      const saved = JSON.parse(await readFile(join(project.folder, "out/trained/config.json"), "utf8"));
      expect(saved).toMatchObject({ model_type: "llava_pooled", image_seq_length: 16 });
    }));
});
