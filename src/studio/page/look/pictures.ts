/** The picture of Look: what another room showed, or what an address names. */
import type { ShownPicture, Studio } from "../studio.ts";
import { idOf } from "./memo.ts";
import type { LookState } from "./state.ts";

/** Where somebody may begin who has no picture: what shows there, and what does not. */
export const examples: readonly { readonly title: string; readonly state: Partial<LookState> }[] = [
  { title: "a scene, and a thing that shows in it", state: { picture: "scene:77-4" } },
  {
    title: "the same scene, and a thing that is not in it",
    state: { picture: "scene:77-4", concept: "cat", question: "is there a cat ?" },
  },
];

/** The picture that a ref names; rejects with one line for people. */
export async function pictureOf({ readers }: Studio, ref: string): Promise<ShownPicture> {
  const read = readers.get(ref.split(":")[0]);
  if (read === undefined) throw new Error(`This page cannot make the picture that its address names: ${ref}`);
  return read(ref);
}

/** A name for a picture's pixels, as long as the page lives. */
export function pictureKey({ image }: ShownPicture): string {
  return `${idOf(image)}`;
}
