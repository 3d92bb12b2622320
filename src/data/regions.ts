/** The regions of an example against its picture: every reader of rows asks here. */
import type { Size } from "../common/image.ts";
import { describeMisfit, fatalMisfits, hasUnit, type Misfit, misfitOf } from "../grounding/fit.ts";
import type { Region } from "../grounding/region.ts";
import type { Concept, Question } from "./example.ts";

/** A region that does not fit its picture. */
export interface RegionProblem {
  readonly misfit: Misfit;
  /** Whether the region cannot be used. */
  readonly isFatal: boolean;
  /** `questions[0].regions[1]: box [500, 500, 600, 600] must lie in the 64 x 64 picture` */
  readonly message: string;
}

/** What is wrong with the regions of an example whose picture, upright, has `size`; empty where all fit. */
export function checkRegions(
  questions: readonly Pick<Question, "regions">[],
  concepts: readonly Pick<Concept, "regions">[],
  size: Size,
): RegionProblem[] {
  return placedRegions(questions, concepts).flatMap(([place, region]) => {
    const misfit = misfitOf(region, size);
    if (misfit === undefined) return [];
    const message = `${place}: ${describeMisfit(region, misfit, size)}`;
    return [{ misfit, isFatal: fatalMisfits.includes(misfit), message }];
  });
}

/** How many boxes and points there are, and how many of them are {@link Misfit tiny}, whatever the picture's size. */
export interface TinyCount {
  readonly all: number;
  readonly tiny: number;
  /** The first that is tiny. */
  readonly first?: string;
}

export function countTiny(examples: Iterable<{ id: string } & Parts>): TinyCount {
  let [all, tiny, first]: [number, number, string | undefined] = [0, 0, undefined];
  for (const { id, questions, concepts } of examples)
    for (const { regions } of [...questions, ...concepts])
      for (const region of regions) {
        if (!hasUnit(region)) continue;
        all++;
        if (misfitOf(region, anySize) !== "tiny") continue;
        tiny++;
        first ??= `${region.kind} [${(region.kind === "box" ? region.box : region.kind === "points" ? region.points[0] : []).join(", ")}] of ${id}`;
      }
  return { all, tiny, ...(first !== undefined && { first }) };
}

interface Parts {
  readonly questions: readonly Pick<Question, "regions">[];
  readonly concepts: readonly Pick<Concept, "regions">[];
}

const anySize = { width: Number.POSITIVE_INFINITY, height: Number.POSITIVE_INFINITY };

/** The warning where every box and point of a data set is of a pixel or less; undefined where not. */
export function tinyWarning({ all, tiny, first }: TinyCount): string | undefined {
  if (all === 0 || tiny < all) return undefined;
  const cause = "regions are in pixels, and these look like shares of the picture's sides (0 to 1)";
  return `every box or point is smaller than a pixel (${tiny} of ${all}; the first: ${first}): ${cause}`;
}

function placedRegions(questions: Parts["questions"], concepts: Parts["concepts"]): [string, Region][] {
  const of = (list: string, parts: readonly { readonly regions: readonly Region[] }[]) =>
    parts.flatMap(({ regions }, i) =>
      regions.map((region, r): [string, Region] => [`${list}[${i}].regions[${r}]`, region]),
    );
  return [...of("questions", questions), ...of("concepts", concepts)];
}
