import { random } from "../../../common/random.ts";
import type { Benchmark } from "../drawn.ts";
import type { Setting } from "./options.ts";

const count = 2000;
const crossings = 13;
const lines = 9;

/**
 * 2,000 items. Every pair of crossings (0 to 12) and lines (2 to 10) comes 17 or 18 times. The values of each other
 * axis are dealt in turn within each number of crossings and on into the next, so that their counts differ by at most
 * one in the whole set as in each number of crossings; which item gets which is chance, the same for ever.
 * Near-tangent crossings go to every other item that can have them.
 */
export const benchmark: Benchmark = {
  version: 1,
  count,
  strata(index) {
    design ??= makeDesign();
    return { ...design[index], questions: 1, wordings: 1 };
  },
};

let design: readonly Setting[] | undefined;

function makeDesign(): Setting[] {
  const items = Array.from({ length: count }, (_, i) => i);
  const family = deal("family", items, ["spline", "polyline", "orthogonal", "arcs"] as const);
  const tangible = items.filter((i) => i % crossings > 0 && family[i] !== "orthogonal");
  const nearTangent = deal("nearTangent", tangible, ["none", "some"] as const);
  const selfCrossings = deal("selfCrossings", items, [0, 1, 2]);
  const colours = deal("colours", items, ["same", "each"] as const);
  const width = deal("width", items, [0.004, 0.007, 0.01]);
  const distractors = deal("distractors", items, [0, 1, 2, 3]);
  const labels = deal("labels", items, ["letters", "digits", "shapes"] as const);
  const background = deal("background", items, ["plain", "tinted", "gradient", "paper", "dots"] as const);
  const orientation = deal("orientation", items, ["left-right", "top-bottom"] as const);
  return items.map((i) => ({
    size: 336,
    lines: 2 + (Math.floor(i / crossings) % lines),
    crossings: i % crossings,
    selfCrossings: selfCrossings[i],
    nearTangent: nearTangent[i] ?? "none",
    colours: colours[i],
    named: "label",
    family: family[i],
    width: width[i],
    distractors: distractors[i],
    labels: labels[i],
    background: background[i],
    orientation: orientation[i],
  }));
}

/** A value for each of the items, in turn over the items of each number of crossings in random order. */
function deal<T>(axis: string, items: readonly number[], values: readonly T[]): T[] {
  const dealt: T[] = [];
  const source = random("line-tracing benchmark", axis);
  let turn = 0;
  for (let c = 0; c < crossings; c++)
    for (const item of source.shuffle(items.filter((i) => i % crossings === c)))
      dealt[item] = values[turn++ % values.length];
  return dealt;
}
