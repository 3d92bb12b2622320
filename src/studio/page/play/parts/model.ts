/**
 * One model's column: what its patches say, where its answer looks, its answers and its scores.
 *
 * Events: `play-question` {at}, `fovea-hover` {patch} of both maps.
 */
import { css, html, LitElement, nothing } from "lit";
import type { RgbImage } from "../../../../common/image.ts";
import { controls } from "../../../../elements/controls.ts";
import "../../../../elements/fovea-map.ts";
import type { Region } from "../../../../grounding/region.ts";
import { formatShare, linearScale, shareScale } from "../../../../lens/scale.ts";
import type { Slot } from "../../studio.ts";
import type { Followed } from "../follow.ts";
import type { PlayQuestion } from "../say/questions.ts";
import { fixedThreshold, type LensScore, type Verdict } from "../say/scores.ts";
import { type AnswerRow, answerRows, lookAt, patchWords, type Seen, scoreOf, wordsAt } from "../say/view.ts";
import { progressText } from "./progress.ts";

const probability = linearScale("probability", 0, 1);

export class PlayModel extends LitElement {
  static override properties = {
    slot_: { attribute: false },
    followed: { attribute: false },
    image: { attribute: false },
    questions: { attribute: false },
    questionAt: { type: Number },
    word: {},
    layer: { type: Number },
    marked: { type: Number },
    isScene: { type: Boolean },
  };
  declare slot_: Slot;
  declare followed: Followed;
  /** Shown until the model has seen it. */
  declare image: RgbImage | undefined;
  declare questions: readonly PlayQuestion[];
  declare questionAt: number;
  declare word: string | undefined;
  /** Undefined: the last. */
  declare layer: number | undefined;
  declare marked: number | undefined;
  /** Whether the truth is known. */
  declare isScene: boolean;
}
