/** Rows that are long enough for attention in blocks of queries, against the same model with whole patterns. */
import { expect, it } from "vitest";
import { np } from "../../src/engine/array.ts";
import { compile } from "../../src/engine/compile.ts";
import { float32, type HostArray, int32 } from "../../src/engine/host.ts";
import type { VlmParams } from "../../src/models/contract/parts.ts";
import type { ModelInputs } from "../../src/models/inputs/inputs.ts";
import { imageTokenCount } from "../../src/models/llava/config.ts";
import { llava } from "../../src/models/llava/family.ts";
import { tinyLlava } from "../../src/models/llava/tiny.ts";
import { queryBlocks } from "../../src/nn/visibility.ts";
import { distance, oneImage } from "./fixture.ts";

const config = tinyLlava({
  vocabSize: 20,
  imageTokenId: 1,
  vision: { imageSize: 6, patchSize: 3, width: 8, layers: 1, heads: 2, mlpRatio: 2 },
  decoder: { width: 16, layers: 2, heads: 4, keyValueHeads: 2, mlpRatio: 2, tieEmbeddings: false },
});
const family = llava.bind({ ...config, textConfig: { ...config.textConfig, initializerRange: 0.4 } });
const N = imageTokenCount(config);
const S = 1 + N + 300;

/** A row with padding among its image tokens, two packed questions, and padding at its end. */
const segments = Array.from({ length: S }, (_, i) => {
  if (i === 2 || i > S - 9) return -1;
  return i < 100 ? 0 : i < 200 ? 1 : 2;
});
const inputs: ModelInputs<HostArray> = {
  pixelValues: float32(
    [1, 3, 6, 6],
    Array.from({ length: 108 }, (_, i) => Math.sin(1.7 * i)),
  ),
  inputIds: int32(
    [1, S],
    Array.from({ length: S }, (_, i) => (i > 0 && i <= N ? 1 : 2 + ((i * 7) % 17))),
  ),
  positionIds: int32(
    [1, S],
    Array.from({ length: S }, (_, i) => i),
  ),
  segmentIds: int32([1, S], segments),
};

async function run(whole: boolean) {
  const fn = (params: VlmParams, rows: ModelInputs) => {
    const patternOffsets = whole ? [1, 2].map(() => np.zeros([1, 4, S, S])) : undefined;
    return family.forward(params as never, rows, {
      layout: oneImage(config, 1),
      taps: ["attentions", "hiddenStates"],
      ...(patternOffsets && { patternOffsets }),
    });
  };
  const params = family.initParams(7);
  const program = await compile<{ logits: HostArray; taps: { attentions: HostArray[] } }>(fn, [
    params,
    inputs,
  ]);
  const result = await program.run(params, inputs);
  await program.dispose();
  return { logits: result.logits, patterns: result.taps.attentions };
}

it("gives what whole patterns give", async () => {
  expect(queryBlocks(S).length).toBe(2);
  const [blocks, whole] = [await run(false), await run(true)];
  const isToken = (i: number) => segments[i] >= 0;
  const rowsOf = ({ data, shape }: HostArray) => {
    const length = shape.at(-1) as number;
    const rows = Array.from({ length: data.length / length }, (_, r) =>
      data.slice(r * length, (r + 1) * length),
    );
    return rows.filter((_, r) => isToken(r % S)).flatMap((row) => [...row]);
  };
  expect(distance(rowsOf(blocks.logits), rowsOf(whole.logits))).toBeLessThan(1e-5);
  for (const [layer, pattern] of blocks.patterns.entries())
    expect(distance(rowsOf(pattern), rowsOf(whole.patterns[layer]))).toBeLessThan(1e-6);
});
