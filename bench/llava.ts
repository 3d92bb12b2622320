/** A LLaVA of any depth and width with a made-up batch: the model of several benchmarks. */
import { random } from "../src/common/random.ts";
import { float32, type HostArray, int32 } from "../src/engine/host.ts";
import type { Batch } from "../src/losses/batch.ts";
import { chosenLosses } from "../src/losses/total.ts";
import type { ImageLayout } from "../src/models/inputs/inputs.ts";
import { llava } from "../src/models/llava/family.ts";
import { type TinyLlava, tinyLlava } from "../src/models/llava/tiny.ts";
import { makeObjective } from "../src/train/step/objective.ts";
import type { Named } from "../src/train/step/trees.ts";

/** A row: an image, then text. */
export interface BenchRow {
  /** Words; the last one's id stands for the image. */
  readonly vocabulary: number;
  /** Image tokens on a side of the image. */
  readonly side: number;
  /** Text tokens after the image; the last `answers` of them are the answer. */
  readonly text: number;
  readonly answers: number;
  /** Words that the lens is asked about, of two tokens each. */
  readonly concepts: number;
}

export interface BenchSizes extends BenchRow {
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  /** As many as `heads` by default. */
  readonly keyValueHeads?: number;
  /** Width of the feed-forward layer over the width; default 4. */
  readonly mlpRatio?: number;
  /** Whether the word vectors are the head as well; default false. */
  readonly tied?: boolean;
  readonly visionWidth: number;
  readonly visionLayers: number;
}

const patchSize = 14;

export function benchModel(size: BenchSizes) {
  const tiny: TinyLlava = {
    vocabSize: size.vocabulary,
    imageTokenId: size.vocabulary - 1,
    vision: {
      imageSize: size.side * patchSize,
      patchSize,
      width: size.visionWidth,
      layers: size.visionLayers,
      heads: Math.max(1, size.visionWidth / 64),
    },
    decoder: {
      width: size.width,
      layers: size.layers,
      heads: size.heads,
      keyValueHeads: size.keyValueHeads,
      mlpRatio: size.mlpRatio,
      maxPositions: 4096,
      tieEmbeddings: size.tied ?? false,
    },
  };
  return tinyLlava(tiny);
}

/** Columns of the image: after one start token. */
export function benchLayout({ side }: BenchRow): ImageLayout {
  return { images: [{ spans: [{ start: 1, length: side ** 2 }], pixels: 1 }] };
}

/** Objective, parameters by name and a batch. `names`: the losses, of ntp, lll and klal. */
export function benchTask(size: BenchSizes, names: readonly string[]) {
  const family = llava.bind(benchModel(size));
  const objective = makeObjective(family, benchLayout(size), benchLosses(names));
  const params: Named<HostArray> = family.toNamed(family.initParams(0));
  return { objective, params, batch: benchBatch(size) };
}

/** Of ntp, lll and klal; ntp always. */
export function benchLosses(names: readonly string[]) {
  return chosenLosses({
    ntp: { weight: 1 },
    ...(names.includes("lll") && { lll: { weight: 0.5 } }),
    ...(names.includes("klal") && { klal: { weight: 0.5 } }),
  } as never);
}

/** `rows` rows of one length, each with an image and tokens of its own; concepts and targets are alike. */
export function benchBatch(size: BenchRow, rows = 1): Batch {
  const { side, text, answers, vocabulary, concepts } = size;
  const source = random("bench");
  const N = side ** 2;
  const S = 1 + N + text;
  const ids = (count: number) => Array.from({ length: count }, () => source.integer(vocabulary - 1));
  const upTo = (count: number, start = 0) => Array.from({ length: count }, (_, i) => start + i);
  const texts = upTo(rows).map(() => [...ids(1), ...Array<number>(N).fill(vocabulary - 1), ...ids(text)]);
  const each = (values: readonly number[]) => upTo(rows).flatMap(() => values);
  const first = S - answers;
  const target = upTo(N).map((n) => (n % 7 === 0 ? 1 : 0) as number);
  const share = target.reduce((a, b) => a + b);
  const pixels = Array.from({ length: rows * 3 * (side * patchSize) ** 2 }, () => source.normal());
  return {
    pixelValues: float32([rows, 3, side * patchSize, side * patchSize], pixels),
    inputIds: int32([rows, S], texts.flat()),
    positionIds: int32([rows, S], each(upTo(S))),
    segmentIds: int32([rows, S], each(upTo(S).map((i) => (i < 1 + N ? 0 : 1)))),
    answerPositions: int32([rows, answers], each(upTo(answers, first - 1))),
    answerIds: int32(
      [rows, answers],
      texts.flatMap((row) => row.slice(first)),
    ),
    answerMask: float32([rows, answers], Array(rows * answers).fill(1)),
    answerQuestions: int32([rows, answers], Array(rows * answers).fill(0)),
    conceptIds: int32([rows, concepts, 2], ids(rows * 2 * concepts)),
    conceptTokenMask: float32([rows, concepts, 2], Array(rows * 2 * concepts).fill(1)),
    conceptCoverage: float32([rows, concepts, N], each(upTo(concepts).flatMap(() => target))),
    lastAnswerPositions: int32([rows, 1], Array(rows).fill(S - 1)),
    attentionTargets: float32([rows, 1, N], each(target.map((x) => x / share))),
  };
}
