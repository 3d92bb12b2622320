import type { RgbImage } from "../common/image.ts";
import type { Region } from "../grounding/region.ts";

/** A question about an image, its answer and the evidence for it. */
export interface Question {
  /** The task it belongs to, a key of the task registry: "naming", "grid-patch", "presence", ... */
  readonly task: string;
  readonly question: string;
  readonly answer: string;
  /** Where the evidence is; empty when there is none (an absent object): KLAL then leaves it out. */
  readonly regions: readonly Region[];
  readonly difficulty?: Readonly<Record<string, number | string>>;
}

/** A concept word and where it shows; without regions it is absent and LLL only suppresses it. */
export interface Concept {
  readonly word: string;
  readonly regions: readonly Region[];
}

/** One image with everything that is asked about it. */
export interface Example {
  readonly id: string;
  readonly image: RgbImage;
  readonly questions: readonly Question[];
  readonly concepts: readonly Concept[];
}
