/** Command lines that shells read back, and figures as SVG in which nothing becomes markup. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { gridGeometry } from "../../src/grounding/geometry.ts";
import { linearScale } from "../../src/lens/scale.ts";
import { attendCommand, lensCommand, quoted, segmentCommand } from "../../src/studio/page/export/command.ts";
import { figureSvg, paper, wrapped } from "../../src/studio/page/export/figure.ts";
import { mapFigure } from "../../src/studio/page/export/map-figure.ts";

test("a command names what differs from its defaults, and nothing else", () => {
  const common = { model: "checkpoints/full", picture: "scene.png" };
  expect(lensCommand({ ...common, concepts: ["cat"] })).toBe(
    "fovea lens scene.png --concept cat --model checkpoints/full",
  );
  expect(lensCommand({ ...common, concepts: ["cat", "fire truck"], space: "rank", layer: 2 })).toBe(
    "fovea lens scene.png --concept cat --concept 'fire truck' --model checkpoints/full --space rank --layer 2",
  );
  expect(lensCommand({ ...common, concepts: ["cat"], patch: "3:5-8,4:5", locality: true })).toBe(
    "fovea lens scene.png --concept cat --model checkpoints/full --patch 3:5-8,4:5 --locality",
  );
  expect(attendCommand({ ...common, question: "why ?", relevance: true })).toBe(
    "fovea attend scene.png --question 'why ?' --model checkpoints/full --relevance",
  );
  expect(attendCommand({ ...common, question: "where's it ?", region: [1, 2, 3.333, 4] })).toBe(
    "fovea attend scene.png --question 'where'\\''s it ?' --model checkpoints/full --region 1,2,3.33,4",
  );
  const hidden = { hide: "3:5-8", strike: "2:1,3", hiddenFrom: "text" } as const;
  expect(attendCommand({ ...common, question: "why ?", questionTokens: true, ...hidden })).toBe(
    "fovea attend scene.png --question 'why ?' --model checkpoints/full --question-tokens --hide 3:5-8 --strike 2:1,3 --hidden-from text",
  );
  expect(segmentCommand({ ...common, concept: "cat", threshold: 0.5, colours: "cividis" })).toBe(
    "fovea segment scene.png --concept cat --model checkpoints/full --threshold 0.5 --colours cividis",
  );
});

test("a shell reads back every word as it was", () => {
  const words = [
    "plain",
    "two words",
    "it's",
    "$HOME",
    "`id`",
    '"',
    "a\\b",
    "",
    "where is the cat ?",
    "ünï",
    "*",
  ];
  const said = execFileSync("/bin/sh", ["-c", `printf '%s\\0' ${words.map(quoted).join(" ")}`]);
  expect(`${said}`.split("\0").slice(0, -1)).toEqual(words);
});

const picture = { width: 2, height: 2, data: new Uint8Array(12) };
const geometry = gridGeometry({ width: 2, height: 2 }, 1);

test("a figure is well-formed XML whatever words it holds", () => {
  const panel = {
    title: "<b>&\u0000",
    picture,
    geometry,
    labels: [{ at: [0.5, 0.5], text: '"<script>' } as const],
  };
  const figure = mapFigure({ title: "a < b & c", panels: [panel], scale: linearScale("probability", 0, 1) });
  const svg = figureSvg(figure, () => "data:image/png;base64,AA==");
  expect(svg).toContain("&lt;b&gt;&amp;</text>");
  expect(svg).not.toContain("<script>");
  expect(svg).not.toContain("\u0000");
  expect(svg.match(/<text /g)?.length).toBe(svg.match(/<\/text>/g)?.length);
  expect(svg).toContain('href="data:image/png;base64,AA=="');
});

test("panels stand in rows, each on its own ground", () => {
  const panels = [0, 1, 2].map((i) => ({ title: `${i}`, picture, geometry }));
  const { items, width, height } = mapFigure({ title: "t", panels, columns: 2 });
  const pictures = items.filter((item) => item.kind === "picture");
  expect(pictures.map(({ x }) => x)).toEqual([24, 364, 24]);
  expect(pictures[2].y).toBeGreaterThan(pictures[0].y + pictures[0].height);
  expect(width).toBe(2 * 24 + 2 * 316 + 24);
  expect(height).toBeGreaterThan(pictures[2].y + pictures[2].height);
});

test("words are broken between words, and a long one stays whole", () => {
  expect(wrapped("one two three four", 54, 10)).toEqual(["one two", "three four"]);
  expect(wrapped("a verylongwordindeed b", 54, 10)).toEqual(["a", "verylongwordindeed", "b"]);
});

test("figures have the colours of the tokens' light side", () => {
  const tokens = readFileSync("src/elements/tokens.css", "utf8");
  const light = (name: string) => new RegExp(`--${name}: light-dark\\((#[0-9a-f]{6})`).exec(tokens)?.[1];
  expect(light("ground")).toBe(paper.ground);
  expect(light("ink")).toBe(paper.ink);
  expect(light("muted")).toBe(paper.muted);
  expect(light("hairline")).toBe(paper.hairline);
  for (const [letter, colour] of Object.entries(paper.models)) expect(light(`model-${letter}`)).toBe(colour);
});
