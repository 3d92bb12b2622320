import { spawnSync } from "node:child_process";
import { createCanvas, loadImage } from "@napi-rs/canvas";
import { expect, test } from "vitest";
import type { RgbImage } from "../../src/common/image.ts";
import { fitPicture, newCanvas, setFont } from "../../src/lens/canvas.ts";
import { colourMaps } from "../../src/lens/colour.ts";
import { drawFigure, formatNumber, roundTicks } from "../../src/lens/figure.ts";

const plain = (width: number, height: number, value: number): RgbImage => ({
  width,
  height,
  data: new Uint8Array(width * height * 3).fill(value),
});

async function pixelsOf(png: Buffer) {
  const image = await loadImage(png);
  const pen = createCanvas(image.width, image.height).getContext("2d");
  pen.drawImage(image, 0, 0);
  return pen.getImageData(0, 0, image.width, image.height);
}

test("a figure shows every panel and a scale bar from the lowest to the highest colour", async () => {
  const panel = (value: number) => ({ label: `layer ${value}`, picture: plain(160, 120, value) });
  const scale = { colours: colourMaps.viridis, range: { low: 0, high: 1 }, label: "probability" };
  const figure = { title: "cat", subtitle: "x", large: [panel(10)], small: [panel(20), panel(30)], scale };
  const { data, width } = await pixelsOf(drawFigure(figure));
  const grey = (value: number) => {
    let count = 0;
    for (let i = 0; i < data.length; i += 4)
      if (data[i] === value && data[i + 1] === value && data[i + 2] === value) count++;
    return count;
  };
  for (const value of [10, 20, 30]) expect(grey(value)).toBe(160 * 120);
  const column = new Set<string>();
  for (let y = 0; y < data.length / 4 / width; y++) {
    const at = 4 * (y * width + 24 + 160 + 16 + 4);
    column.add(`${data[at]},${data[at + 1]},${data[at + 2]}`);
  }
  expect(column).toContain("68,1,84"); // viridis at 0
  expect(column).toContain("253,231,37"); // viridis at 1
});

test("text is drawn with the shipped font on a machine without fonts", () => {
  const script = `
    import { newCanvas, setFont } from "./src/lens/canvas.ts";
    const { canvas, pen } = newCanvas(200, 40, "#ffffff");
    setFont(pen, 20, "bold");
    pen.fillStyle = "#000000";
    pen.fillText("Layer 3: ß ł µ", 5, 28);
    process.stdout.write(canvas.toBuffer("image/png").toString("base64"));`;
  const env = { ...process.env, FONTCONFIG_FILE: "/dev/null", DISABLE_SYSTEM_FONTS_LOAD: "1" };
  const { stdout, stderr } = spawnSync(
    "node_modules/.bin/node",
    ["--input-type=module-typescript", "-e", script],
    { env },
  );
  const { canvas, pen } = newCanvas(200, 40, "#ffffff");
  setFont(pen, 20, "bold");
  pen.fillStyle = "#000000";
  pen.fillText("Layer 3: ß ł µ", 5, 28);
  expect(stderr.toString()).toBe("");
  expect(stdout.toString()).toBe(canvas.toBuffer("image/png").toString("base64"));
  expect(pen.getImageData(0, 0, 200, 40).data.some((value) => value === 0)).toBe(true);
});

test("pictures are enlarged by whole factors and reduced to fit", () => {
  expect(fitPicture(plain(60, 40, 7), 200)).toMatchObject({ width: 180, height: 120 });
  const reduced = fitPicture(plain(600, 300, 7), 200);
  expect(reduced).toMatchObject({ width: 200, height: 100 });
  expect(new Set(reduced.data)).toEqual(new Set([7]));
});

test("ticks are few, round and inside the range", () => {
  expect(roundTicks({ low: 0, high: 0.93 })).toEqual([0, 0.2, 0.4, 0.6, 0.8]);
  expect(roundTicks({ low: -13, high: 4 })).toEqual([-10, -5, 0]);
  expect(roundTicks({ low: 3, high: 3 })).toEqual([3]);
});

test("numbers are short", () => {
  expect([0, 0.12345, 3, 0.00012, 123456].map(formatNumber)).toEqual(["0", "0.123", "3", "1.2e-4", "1.2e5"]);
});
