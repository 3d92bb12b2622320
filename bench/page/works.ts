/** What is measured in a page and in Node alike: the same sources, model, picture and settings. */
import type { RgbImage } from "../../src/common/image.ts";
import { np, slice } from "../../src/engine/array.ts";
import { compile } from "../../src/engine/compile.ts";
import { float32 } from "../../src/engine/host.ts";
import type { Machine } from "../../src/engine/runtime/runtime.ts";
import { glance } from "../../src/lens/glance.ts";
import { klAttention } from "../../src/losses/kl-attention.ts";
import { logitLens } from "../../src/losses/logit-lens.ts";
import { nextToken } from "../../src/losses/next-token.ts";
import { weigh } from "../../src/losses/total.ts";
import { openTrainer } from "../../src/train/trainer/trainer.ts";
import { ask } from "../../src/vlm/ask.ts";
import { openVlm } from "../../src/vlm/open.ts";

/** Settings of one process or page. */
export interface WorkJob {
  /** A model's folder, or its address. */
  readonly model: string;
  readonly machine: Machine;
  readonly picture: RgbImage;
  readonly work: WorkName;
}

/**
 * - `lens`: the maps of five words, and the likeliest words of every patch.
 * - `answer`: a question, with the picture encoded anew.
 * - `tokens`: 32 tokens by greedy generation after 80 tokens of text.
 * - `step`: a training step on eight pictures, NTP + LLL + KLAL on all layers.
 * - `product`: eight products of matrices of 512 x 512 in float32: what the machine can do at best.
 */
export const workNames = ["lens", "answer", "tokens", "step", "product"] as const;
export type WorkName = (typeof workNames)[number];

const words = ["watermelon", "tree", "umbrella", "fox", "cat"];

/** A work that was done once, so that all of ONNX's programs are compiled. */
export interface OpenWork {
  /** Milliseconds until the work was done for the first time. */
  readonly first: number;
  /** Does it until a browser has compiled what is hot in ONNX Runtime once more, for speed. */
  warm(): Promise<void>;
  /** Milliseconds of each time. */
  run(times: number): Promise<number[]>;
  close(): Promise<unknown>;
}

/**
 * A browser compiles WebAssembly quickly at first, and functions that have run often once more, for speed: the lens, which
 * is measured first, takes 57 ms then and 12 after sixty times.
 */
const warmTimes = 75;
const warmMs = 2_500;

export async function openWork({ model, machine, picture, work }: WorkJob): Promise<OpenWork> {
  const begun = performance.now();
  const { run, close } = await opened[work](model, machine, picture);
  await run();
  const first = performance.now() - begun;
  let changes = 0;
  const timed = async () => {
    picture.data[(changes++ * 97) % picture.data.length] ^= 16; // Nothing is found that was kept of the picture before.
    const start = performance.now();
    await run();
    return performance.now() - start;
  };
  return {
    first,
    async warm() {
      const start = performance.now();
      for (let i = 0; i < warmTimes && performance.now() - start < warmMs; i++) await timed();
    },
    async run(times) {
      const all: number[] = [];
      for (let i = 0; i < times; i++) all.push(await timed());
      return all;
    },
    close,
  };
}

/** 10^6 operations of one run of the products. */
const productSize = 512;
const productCount = 8;
export const productMegaflop = (productCount * 2 * productSize ** 3) / 1e6;

interface Opened {
  run(): Promise<unknown>;
  close(): Promise<unknown>;
}

/** The new tokens of `tokens`, of the last time. */
export const said: number[] = [];
export const newTokens = 32;
export const promptIds = () => Array.from({ length: 80 }, (_, i) => 5 + ((i * 7) % 200));

type Open = (folder: string, machine: Machine, picture: RgbImage) => Promise<Opened>;

const opened: Readonly<Record<WorkName, Open>> = {
  lens: async (folder, machine, picture) => {
    const model = await openVlm(folder, { machine });
    const run = () => glance(model, picture, { words, top: 3 });
    return { run, close: () => model.programs.dispose() };
  },
  answer: async (folder, machine, picture) => {
    const model = await openVlm(folder, { machine });
    const run = () => ask(model, picture, "where is the watermelon ?");
    return { run, close: () => model.programs.dispose() };
  },
  tokens: async (folder, machine) => {
    const model = await openVlm(folder, { machine });
    const options = { maxNewTokens: newTokens, eosTokenIds: [], machine };
    const generator = model.family.createGenerator(options);
    const ids = promptIds();
    const prompt = { ids, layout: { images: [] }, images: [] };
    const run = async () => {
      said.length = 0;
      for await (const token of generator.stream(model.params, prompt, options)) said.push(token);
    };
    return { run, close: () => generator.dispose() };
  },
  step: async (folder, machine, picture) => {
    const model = await openVlm(folder, { machine });
    const losses = [
      nextToken,
      weigh(logitLens, 1, { layers: "all" }),
      weigh(klAttention, 1, { query: "predicting" }),
    ];
    const trainer = await openTrainer({ model, losses, learningRate: 1e-4, machine });
    const examples = Array.from({ length: 8 }, () => exampleOf(picture));
    return { run: () => trainer.step(examples), close: () => trainer.close() };
  },
  product: async (_, machine) => {
    const [n, count] = [productSize, productCount];
    const matrix = float32(
      [n, n],
      Float32Array.from({ length: n * n }, (_, i) => ((i * 7919) % 1000) / 1e6),
    );
    // One number is asked for, so that nothing large goes in or out.
    const fn = (a: never, b: never) => {
      let x = np.matmul(a, b);
      for (let i = 1; i < count; i++) x = np.matmul(x, b);
      return slice(slice(x, 0, 0, 1), 1, 0, 1);
    };
    const program = await compile(fn, [matrix, matrix], { machine });
    return {
      run: () => program.run(matrix, matrix),
      close: () => program.dispose(),
    };
  },
};

/** A picture with what can be learnt of it. */
function exampleOf(image: RgbImage) {
  const region = { kind: "box", box: [8, 8, 32, 32] } as const;
  const answers = {
    "where is the watermelon ?": "b2",
    "is there a fox ?": "no",
    "what is at b2 ?": "watermelon",
  };
  return {
    image,
    questions: Object.entries(answers).map(([question, answer]) => ({ question, answer, regions: [region] })),
    concepts: words.slice(0, 4).map((word, i) => ({ word, regions: i === 0 ? [region] : [] })),
  };
}
