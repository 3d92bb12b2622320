/** The scenes of a training in the page: those that it learns from, four that it is watched on, and some to score it by. */
import { mustBe } from "../../common/errors.ts";
import type { CutOutSet } from "../../data/assets/cutout.ts";
import type { Example } from "../../data/example.ts";
import { type WorldOptions, worldMaker } from "../../data/tasks/world.ts";
import { coverage } from "../../grounding/coverage.ts";
import { gridGeometry } from "../../grounding/geometry.ts";
import type { Recipe } from "./recipe.ts";

/** As the twins were trained (src/train/config/presets/full.yaml), with fewer questions, so that steps are short. */
const world = {
  tasks: ["naming", "grid-patch", "presence"],
  questionsPerImage: 2,
  absentConcepts: 4,
} as const satisfies Partial<WorldOptions>;

/** A fixed picture, the thing that is watched in it, and the question about it whose attention is shown. */
export interface ProbePicture {
  readonly example: Example;
  readonly word: string;
  readonly question: string;
}

export interface TrainingWorld {
  /** The scenes of a step, counted from 0. */
  batch(step: number): readonly Example[];
  readonly probes: readonly ProbePicture[];
  /** Held-out scenes: their split shares none with training's. */
  heldOut(count: number): readonly Example[];
}

export const PROBES = 4;

/** `size`: pixels on a side of the model's pictures. */
export function trainingWorld(
  cutOuts: CutOutSet,
  { things, seed, batch }: Recipe,
  size: number,
): TrainingWorld {
  const assets = { cutOuts: firstOf(cutOuts, things) };
  const maker = (split: "train" | "test" | "validation") =>
    worldMaker(assets, { ...world, scene: { size }, split });
  const [make, held, watched] = [maker("train"), maker("test"), maker("validation")];
  return {
    batch: (step) => Array.from({ length: batch }, (_, i) => make(seed, step * batch + i)),
    probes: choosePictures((index) => watched(0, index)),
    heldOut: (count) => Array.from({ length: count }, (_, i) => held(0, i)),
  };
}

function firstOf({ names, pictures }: CutOutSet, things: number): CutOutSet {
  if (things > names.length) throw mustBe("learn", "things", `at most ${names.length}`, things);
  const kept = names.slice(0, things);
  return { names: kept, pictures: new Map(kept.map((name) => [name, pictures.get(name)!])) };
}

/** Pictures of four different things, each well to be seen. */
function choosePictures(make: (index: number) => Example): ProbePicture[] {
  const found: ProbePicture[] = [];
  for (let index = 0; found.length < PROBES && index < 200; index++) {
    const example = make(index);
    const word = clearest(example, new Set(found.map((probe) => probe.word)));
    if (word !== undefined) found.push({ example, word, question: `where is the ${word} ?` });
  }
  return found;
}

/** Of pixels of the picture. */
const CLEAR = 0.04;

/** The thing that covers most of a picture, if that is enough; none of those that other pictures show already. */
function clearest({ image, concepts }: Example, taken: ReadonlySet<string>): string | undefined {
  const pixels = gridGeometry(image, 1);
  const shown = concepts
    .filter(({ word, regions }) => regions.length === 1 && !taken.has(word))
    .map(({ word, regions: [region] }) => ({
      word,
      area: coverage(region, pixels).reduce((a, b) => a + b, 0),
    }))
    .filter(({ area }) => area >= CLEAR * image.width * image.height)
    .sort((a, b) => b.area - a.area);
  return shown[0]?.word;
}
