import { describe, expect, it } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import { type HostArray, int32 } from "../../src/engine/host.ts";
import {
  imagesSeeQuestion,
  isInWindow,
  type MaskOptions,
  type Visibility,
  visibilityMask,
} from "../../src/nn/visibility.ts";

/** A prefix with two images (columns 1-3 and 5-6), two packed questions with padding between, and padding at the end. */
const packed = [0, 0, 0, 0, 0, 0, 0, -1, 1, 1, 1, -1, -1, 2, 2, -1];
/** Another row of the same room, whose images leave some of it. */
const smaller = [0, 0, 0, -1, 0, 0, -1, -1, 1, 1, -1, -1, -1, 2, 2, 2];
const blocks = [
  { start: 1, length: 3 },
  { start: 5, length: 2 },
];
const rows = [packed, smaller];

/** What the sentences about visibility say, pair by pair. */
function isVisible(segments: readonly number[], i: number, j: number, options: MaskOptions): boolean {
  const { visibility, window = null } = options;
  const mine = (k: number) => segments[k] === 0 || segments[k] === segments[i];
  if (segments[j] < 0 || !mine(j)) return false;
  const between = segments.slice(j, i).filter((own, k) => own >= 0 && mine(j + k)).length;
  if (!isInWindow(between, window)) return false;
  if (visibility === "prefix" && segments[i] === 0 && segments[j] === 0) return true;
  const blockOf = (k: number) => blocks.findIndex(({ start, length }) => k >= start && k < start + length);
  if (visibility === "image-blocks" && blockOf(i) >= 0 && blockOf(i) === blockOf(j)) return true;
  return j <= i;
}

async function masksOf(options: MaskOptions): Promise<HostArray> {
  const ids = int32([2, 16], rows.flat());
  const program = await compile<HostArray>(
    (segments: never) => visibilityMask(segments, { ...options, blocks }),
    [ids],
  );
  const mask = await program.run(ids);
  await program.dispose();
  return mask;
}

const visibilities: readonly Visibility[] = ["causal", "prefix", "image-blocks"];

describe.each(visibilities)("%s", (visibility) => {
  it.each([null, 1, 2, 4, 100])("sees what it says through a window of %s", async (window) => {
    const { shape, data } = await masksOf({ visibility, window });
    expect(shape).toEqual([2, 1, 1, 16, 16]);
    for (const [b, segments] of rows.entries())
      for (const [i, own] of segments.entries()) {
        if (own < 0) continue; // What padding sees is never read.
        const found = segments.map((_, j) => data[(b * 16 + i) * 16 + j] === 0);
        const wanted = segments.map((_, j) => isVisible(segments, i, j, { visibility, window }));
        expect(found, `row ${b}, query ${i}`).toEqual(wanted);
      }
  });

  it("hides padding from everything", async () => {
    const { data } = await masksOf({ visibility });
    for (const [b, segments] of rows.entries())
      for (const [j, own] of segments.entries())
        for (let i = 0; i < 16; i++) if (own < 0) expect(data[(b * 16 + i) * 16 + j]).toBeLessThan(0);
  });
});

it("lets images see the question with a whole prefix only", () => {
  expect(visibilities.filter(imagesSeeQuestion)).toEqual(["prefix"]);
});
