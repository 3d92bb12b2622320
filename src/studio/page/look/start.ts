/** What Look asks of a picture that somebody comes with: of what is known to show in it. */
import type { ShownPicture } from "../studio.ts";
import type { LookState } from "./state.ts";

/** What is missing in the state, once for each picture. */
export function startOf(state: LookState, { ref, truth = [] }: ShownPicture): Partial<LookState> {
  const [first] = truth;
  const concept = state.concept ?? first?.word;
  return {
    ...(ref !== undefined && state.picture === undefined && { picture: ref }),
    ...(state.concept === undefined && concept !== undefined && { concept }),
    ...(state.question === undefined && first !== undefined && { question: whereIs(first.word) }),
  };
}

/** The question that is asked of itself. */
export function whereIs(word: string | undefined): string {
  return `where is the ${word} ?`;
}
