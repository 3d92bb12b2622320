/** Hidden states of a picture's image tokens at every layer, which the logit lens reads. */
import type { RgbImage } from "../common/image.ts";
import type { HostArray } from "../engine/host.ts";
import type { Display } from "../models/inputs/images.ts";
import { layoutKey } from "../models/inputs/layout.ts";
import { imagesSeeQuestion } from "../nn/visibility.ts";
import { runOn, type Vlm } from "../vlm/open.ts";
import { globalIn, packRows, shownIn } from "../vlm/pack.ts";
import { promptOf } from "../vlm/prompt.ts";
import { type KnockOut, promptKnockOutIfAny, rowKnockOut } from "./knock-out.ts";
import { imageStates } from "./traced.ts";

/** What the lens reads of one picture. */
export interface SeenImage {
  /** L + 1 arrays [N, D], the decoder's input first; N image tokens of the room. */
  readonly states: readonly HostArray[];
  readonly display: Display;
  readonly global?: Display;
}

/**
 * Under the image alone, since later text cannot change them; where it can, under the image with an empty question.
 * `knockOut`: what image tokens do not see.
 */
export async function statesOf(model: Vlm, image: RgbImage, knockOut?: KnockOut): Promise<SeenImage> {
  const prompt = promptOf(model, image);
  const { prefix, layout, image: processed } = prompt;
  const question = imagesSeeQuestion(model.family.visibility) ? prompt.question : [];
  const rows = packRows(model, [{ prefix, layout, image: processed, questions: [question] }], {
    answerTokens: 1,
  });
  const hidden = promptKnockOutIfAny("lens", model, prompt, knockOut);
  const more = hidden === undefined ? [] : [rowKnockOut(hidden, rows, prompt)];
  const kind = `image states, ${layoutKey(rows.layout)}`;
  const args = [rows.inputs, ...more];
  const states = await runOn<HostArray[]>(model, kind, imageStates(model, rows.layout), args);
  const global = globalIn(rows, 0, processed);
  return {
    states: states.map(ofFirstRow),
    display: shownIn(rows, 0, processed),
    ...(global !== undefined && { global }),
  };
}

/** [1, N, D] -> [N, D] */
export function ofFirstRow(state: HostArray): HostArray {
  return { ...state, shape: state.shape.slice(1) };
}
