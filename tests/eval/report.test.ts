import { expect, test } from "vitest";
import { reportHtml } from "../../src/eval/demo/html.ts";
import { maskPicture } from "../../src/eval/demo/mask-picture.ts";
import type { DemoReport } from "../../src/eval/demo/report.ts";

const evil = `<script>alert("x")</script> & 'y'`;
const picture = { address: "data:image/png;base64,AAAA", file: "a.png" };
const score = { value: 0.5, low: 0.4, high: 0.6, count: 10 };

const report: DemoReport = {
  title: evil,
  lead: evil,
  models: [
    { label: evil, folder: evil, parameters: 1_500_000 },
    { label: "full", folder: "b", parameters: 1_500_000 },
  ],
  scores: [{ label: evil, what: evil, estimates: [score, score], difference: score }],
  scoresNote: evil,
  scenes: [
    {
      title: evil,
      note: evil,
      picture,
      questions: [
        {
          task: "naming",
          question: evil,
          truth: evil,
          answers: [
            { text: evil, ended: true, right: false },
            { text: "", ended: false },
          ],
        },
      ],
      blocks: [
        {
          title: evil,
          note: evil,
          scale: { colours: "heat", label: evil, low: 0, high: 1 },
          rows: [{ model: evil, maps: [{ label: evil, note: evil, picture, values: [1] }] }],
        },
      ],
    },
  ],
  footer: evil,
};

/** The page without its own script, which is the same for all. */
async function markupOf(report: DemoReport): Promise<string> {
  return (await reportHtml(report)).replace(/<script type="module">.*?<\/script>/s, "");
}

test("the report escapes every text and asks nothing of the network", async () => {
  const html = await markupOf(report);
  expect(html).not.toMatch(/<script(?! type="application\/json")/);
  expect(html).not.toContain(`"x"`);
  expect(html).toContain("&lt;script&gt;");
  expect(html).not.toMatch(/https?:|\bsrc="(?!data:)|url\(|@import|<link/);
});

test("the report says what was right and what an empty answer is", async () => {
  const html = await markupOf(report);
  expect(html).toContain(`<span class="wrong">wrong</span>`);
  expect(html).toContain("(nothing) …");
  expect(html).toContain("light-dark(");
  expect(await markupOf({ ...report, scores: [] })).not.toContain("Scores against the truth");
});

test("a mask picture keeps colours inside, greys the outside and outlines the truth in white", () => {
  const image = { width: 64, height: 64, data: new Uint8Array(64 * 64 * 3).fill(0) };
  for (let i = 0; i < 64 * 64; i++) image.data[3 * i] = 200;
  const data = new Uint8Array(64 * 64);
  for (let y = 0; y < 32; y++) data.fill(1, 64 * y, 64 * y + 64);
  const { width, data: drawn } = maskPicture(image, { width: 64, height: 64, data }, [
    { kind: "box", box: [16, 16, 48, 48] },
  ]);
  const at = (x: number, y: number) =>
    Array.from(drawn.subarray(3 * (y * width + x), 3 * (y * width + x) + 3));
  expect(width).toBe(256);
  expect(at(128, 100)).toEqual([200, 0, 0]);
  expect(new Set(at(10, 200)).size).toBe(1);
  expect(at(62, 128)).toEqual([255, 255, 255]);
});
