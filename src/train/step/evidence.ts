/**
 * Evidence for answers where no regions are given: the image tokens whose removal changes an answer most, found by forward
 * passes in which random halves of them are hidden from the text (as RISE estimates the importance of pixels, arXiv
 * 1806.07421; hidden as `nn/knock-out.ts` does it, arXiv 2304.14767).
 */
import { type Random, random } from "../../common/random.ts";
import { type NdArray, np } from "../../engine/array.ts";
import { compile } from "../../engine/compile.ts";
import { type ArraySpec, type ConstantArray, float32, type HostArray } from "../../engine/host.ts";
import type { Machine } from "../../engine/runtime/runtime.ts";
import { answersOf } from "../../losses/answers.ts";
import type { Batch } from "../../losses/batch.ts";
import type { EvidenceNeeds } from "../../losses/loss.ts";
import type { BoundFamily } from "../../models/contract/family.ts";
import { imageRow } from "../../models/forward/pass.ts";
import type { ImageLayout } from "../../models/inputs/inputs.ts";
import { imageTokenCount, imageTokens } from "../../models/inputs/layout.ts";
import { type ByLayout, type ShapedBatch, shapedPrograms } from "../batches/shapes.ts";
import type { BuildParams } from "./objective.ts";
import type { Named } from "./trees.ts";

/** What an answer's evidence must stand out by: so many standard errors of a token's effect. */
const STANDS_OUT = 2;

export interface EvidenceOptions {
  readonly family: BoundFamily;
  readonly build: BuildParams;
  /** Trained parameters: only their shapes count. */
  readonly params: Named<ArraySpec>;
  readonly frozen: Named<ConstantArray>;
  readonly machine: Machine;
  /** Undefined: no loss asks for any. */
  readonly needs: EvidenceNeeds | undefined;
}

export interface EvidencePlace {
  readonly step: number;
  readonly micro: number;
}

/** Finds evidence for the answers of batches. */
export interface EvidenceFinder {
  /** Steps from one search to the next; 1 where nothing is asked for. */
  readonly refresh: number;
  /** The batch with `learntTargets` for a step with these parameters: found where the step is one of a search, else zeros. */
  add<Made extends ShapedBatch>(made: Made, params: Named<HostArray>, at: EvidencePlace): Promise<Made>;
  dispose(): Promise<void>;
}

/** A finder that compiles a program for each shape of batch that it searches; it leaves batches alone where nothing is asked for. */
export function openEvidence({ needs, ...options }: EvidenceOptions): EvidenceFinder {
  if (needs === undefined) return { refresh: 1, add: async (made) => made, dispose: async () => {} };
  const { family, build, params, frozen, machine } = options;
  const pass: ByLayout<ReturnType<typeof knockedOutPass>> = (layout) => knockedOutPass(family, build, layout);
  const programs = shapedPrograms<HostArray>(({ batch, layout }) => {
    const hidden = float32(batch.inputIds.shape);
    return compile(pass(layout), [params, frozen, batch, hidden], { machine, frozen: [1] });
  });
  return {
    refresh: needs.refresh,
    async add(made, values, { step, micro }) {
      const learntTargets = emptyMaps(made);
      if (step % needs.refresh === 0) {
        const sets = hiddenHalves(
          imageTokenCount(made.layout),
          needs.passes,
          random("evidence", step, micro),
        );
        const pairs = await programs.use(made, async (program) => {
          const found: HostArray[] = [];
          for (const hidden of sets)
            found.push(await program.run(values, made.batch, columnsOf(made, hidden)));
          return found;
        });
        fillMaps(learntTargets, made, sets, pairs);
      }
      return { ...made, batch: { ...made.batch, learntTargets } };
    },
    dispose: programs.dispose,
  };
}

/** log p of each answer [B, Q] with the image tokens of `hidden` [B, S] seen by no text token. */
function knockedOutPass(family: BoundFamily, build: BuildParams, layout: ImageLayout) {
  return (params: Named<NdArray>, frozen: Named<NdArray>, batch: Batch<NdArray>, hidden: NdArray) => {
    const built = build({ ...params, ...frozen }, batch);
    const { attentionLayers, heads } = family.facts;
    const image = np.array(imageRow(layout, batch.inputIds.shape[1]));
    const knockOut = {
      queries: np.multiply(np.onesLike(hidden), np.subtract(1, image)),
      keys: hidden,
      heads: np.zeros([attentionLayers.length, heads]),
    };
    const { taps } = family.forward(built, batch, {
      layout,
      taps: ["hiddenStates"],
      logits: false,
      knockOut,
    });
    return answersOf({ batch, taps, head: family.head(built) }).logProbability();
  };
}

/** [B, S]: 1 at the columns of the hidden tokens, in every row. */
function columnsOf({ batch, layout }: ShapedBatch, hidden: Uint8Array): HostArray {
  const [B, S] = batch.inputIds.shape;
  const row = float32([B, S]);
  for (const [n, column] of imageTokens(layout).entries())
    for (let b = 0; b < B; b++) row.data[b * S + column] = hidden[n];
  return row;
}

/** [N] each, 1 for a hidden token: random halves, each followed by its other half. `passes` is even. */
export function hiddenHalves(N: number, passes: number, source: Random): Uint8Array[] {
  return Array.from({ length: passes / 2 }, () => {
    const order = source.shuffle(Array.from({ length: N }, (_, n) => n));
    const half = new Uint8Array(N);
    for (const n of order.slice(0, Math.floor(N / 2))) half[n] = 1;
    return [half, half.map((one) => 1 - one)];
  }).flat();
}

function emptyMaps({ batch, layout }: ShapedBatch): HostArray<"float32"> {
  const [B, Q] = batch.lastAnswerPositions.shape;
  return float32([B, Q, imageTokenCount(layout)]);
}

/** `logs`: [B, Q] log p of the answers for each set of hidden tokens. */
function fillMaps(
  maps: HostArray<"float32">,
  { batch, layout }: ShapedBatch,
  sets: readonly Uint8Array[],
  logs: readonly HostArray[],
): void {
  const [B, Q, N] = maps.shape;
  const S = batch.inputIds.shape[1];
  const tokens = imageTokens(layout);
  for (let b = 0; b < B; b++) {
    const isToken = tokens.map((column) => batch.segmentIds.data[b * S + column] >= 0);
    for (let q = 0; q < Q; q++) {
      const own = logs.map(({ data }) => data[b * Q + q]);
      maps.data.set(evidenceMap(sets, own, isToken), (b * Q + q) * N);
    }
  }
}

/**
 * The target map [N] of an answer whose log-probability is `logs` where the tokens of `sets` are hidden, in pairs of opposite
 * sets. A token's effect is the mean over pairs of what the answer loses where it is hidden; P is the share of each token's effect beyond
 * {@link STANDS_OUT} standard errors, and all 0 where none stands out.
 */
export function evidenceMap(
  sets: readonly Uint8Array[],
  logs: readonly number[],
  isToken: readonly boolean[],
): Float32Array {
  const K = sets.length / 2;
  const losses = Array.from({ length: K }, (_, k) => logs[2 * k + 1] - logs[2 * k]);
  const error = Math.sqrt(losses.reduce((sum, loss) => sum + loss * loss, 0)) / K;
  const beyond = Float32Array.from(isToken, (is, n) => {
    const effect = losses.reduce((sum, loss, k) => sum + (sets[2 * k][n] === 1 ? loss : -loss), 0) / K;
    return is ? Math.max(0, effect - STANDS_OUT * error) : 0;
  });
  const sum = beyond.reduce((total, value) => total + value, 0);
  return sum > 0 ? beyond.map((value) => value / sum) : beyond;
}
