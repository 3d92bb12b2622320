import { spawnSync } from "node:child_process";
import { createCanvas, loadImage } from "@napi-rs/canvas";
import { expect, test } from "vitest";
import type { RgbImage } from "../../src/common/image.ts";
import {
  formatNumber,
  formatProbability,
  formatShare,
  linearScale,
  rankScale,
  roundTicks,
  shareScale,
} from "../../src/lens/scale.ts";
import { fitPicture, newCanvas, setFont } from "../../src/lens/sheets/canvas.ts";
import { drawSheet, pictureItem, sheetWidth } from "../../src/lens/sheets/figure.ts";
import { withoutProgress } from "../cli/without-progress.ts";

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

test("a sheet shows every picture and a scale bar from the lowest to the highest colour", async () => {
  const item = (value: number) => pictureItem(plain(160, 120, value), { label: `layer ${value}` });
  const scale = linearScale("probability", 0, 1);
  const rows = [
    { items: [item(10)] },
    { heading: "all", items: [20, 30, 40, 50, 60, 70, 80].map(item), scale },
  ];
  const { data, width, height } = await pixelsOf(drawSheet({ title: "cat", subtitle: "x", rows }));
  expect(width).toBe(sheetWidth);
  const count = (red: number, green = red, blue = red) => {
    let found = 0;
    for (let i = 0; i < data.length; i += 4)
      if (data[i] === red && data[i + 1] === green && data[i + 2] === blue) found++;
    return found;
  };
  for (const value of [10, 20, 30, 40, 50, 60, 70, 80])
    expect(count(value)).toBeGreaterThanOrEqual(160 * 120);
  expect(count(0xfb, 0xfa, 0xf7)).toBeGreaterThan(0); // heat at 0
  expect(count(0x69, 0x04, 0x0b)).toBeGreaterThan(0); // heat at 1
  expect(height).toBeGreaterThan(3 * 120);
});

test("scales are fixed: no map is stretched to its own peak", () => {
  const probability = linearScale("probability", 0, 1);
  expect([0, 0.02, 0.5, 1, 2, -1].map(probability.at)).toEqual([0, 0.02, 0.5, 1, 1, 0]);
  expect(linearScale("probability", 0, 0.2).at(0.1)).toBe(0.5);
  const rank = rankScale(10_000);
  expect([1, 10, 100, 10_000].map((value) => Number(rank.at(value).toFixed(9)))).toEqual([1, 0.75, 0.5, 0]);
  // 64 places: the even share is 0, everything on one place is 1, eight times the even share half way.
  const share = shareScale(64);
  expect([0, 1 / 64, 1 / 8, 1].map((value) => Number(share.at(value).toFixed(9)))).toEqual([0, 0, 0.5, 1]);
  for (const { ticks } of [probability, rank, share])
    expect(ticks.map(({ at }) => at).every((at) => at >= 0 && at <= 1)).toBe(true);
});

test("text is drawn with the shipped font on a machine without fonts", () => {
  const script = `
    import { newCanvas, setFont } from "./src/lens/sheets/canvas.ts";
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
  expect(withoutProgress(stderr.toString())).toBe("");
  expect(stdout.toString()).toBe(canvas.toBuffer("image/png").toString("base64"));
  expect(pen.getImageData(0, 0, 200, 40).data.some((value) => value === 0)).toBe(true);
});

test("pictures are enlarged by whole factors and reduced to fit", () => {
  expect(fitPicture(plain(60, 40, 7), 200)).toMatchObject({ width: 180, height: 120 });
  expect(fitPicture(plain(150, 100, 7), 200)).toMatchObject({ width: 200, height: 133 });
  const reduced = fitPicture(plain(600, 300, 7), 200);
  expect(reduced).toMatchObject({ width: 200, height: 100 });
  expect(new Set(reduced.data)).toEqual(new Set([7]));
});

test("ticks are few, round and inside the range", () => {
  expect(roundTicks({ low: 0, high: 0.93 })).toEqual([0, 0.2, 0.4, 0.6, 0.8]);
  expect(roundTicks({ low: -13, high: 4 })).toEqual([-10, -5, 0]);
  expect(roundTicks({ low: 3, high: 3 })).toEqual([3]);
});

test("shares and probabilities say how small they are", () => {
  const shares = [0, 0.00004, 0.0005, 0.024, 0.0999, 0.64].map(formatShare);
  expect(shares).toEqual(["0 %", "under 0.01 %", "0.05 %", "2.4 %", "10 %", "64 %"]);
  const probabilities = [0, 0.0001, 0.0012, 0.044, 0.5, 0.94, 0.9991, 0.99999].map(formatProbability);
  expect(probabilities).toEqual(["0", "under 0.001", "0.0012", "0.044", "0.50", "0.94", "0.999", "1.00"]);
});

test("numbers are short", () => {
  expect([0, 0.12345, 3, 0.00012, 123456].map(formatNumber)).toEqual(["0", "0.123", "3", "1.2e-4", "1.2e5"]);
});
