/** The models side by side: opened, changed, closed, tried again. */
import type { Loading, StudioModel } from "../models/model.ts";
import { type Letter, letters, type ModelChoice, type ModelSource, type Slot } from "./studio.ts";

/** Opens a model from wherever it is. Rejects with an error whose message is for people. */
export type OpenModel = (source: ModelSource, onLoading: (loading: Loading) => void) => Promise<StudioModel>;

export interface Slots {
  /** In the order of their letters. */
  readonly all: readonly Slot[];
  /** In the place of what was there. Settles once the model is open or has failed, which its slot says. */
  open(letter: Letter, choice: ModelChoice): Promise<void>;
  /** Gives its memory back; its letter is free again. */
  close(letter: Letter): void;
  /** Opens what failed once more. */
  retry(letter: Letter): Promise<void>;
}

interface Place {
  slot: Slot;
  readonly choice: ModelChoice;
}

export function openSlots(openModel: OpenModel, onChange: () => void): Slots {
  const places = new Map<Letter, Place>();
  const change = (place: Place, to: Partial<Slot>) => {
    if (places.get(place.slot.letter) !== place) return false; // Closed, or another took its place.
    place.slot = { ...place.slot, ...to };
    onChange();
    return true;
  };
  const close = (letter: Letter) => {
    void places.get(letter)?.slot.model?.close();
    if (places.delete(letter)) onChange();
  };
  const open = async (letter: Letter, choice: ModelChoice) => {
    void places.get(letter)?.slot.model?.close();
    const { source, ...said } = choice;
    const place: Place = { choice, slot: { note: "", ...said, letter, loading: { what: "model", done: 0 } } };
    places.set(letter, place);
    onChange();
    try {
      const model = await openModel(source, (loading) => change(place, { loading }));
      if (!change(place, { model, loading: undefined })) await model.close();
    } catch (error) {
      change(place, { failed: (error as Error).message, loading: undefined });
    }
  };
  return {
    get all() {
      return letters.flatMap((letter) => places.get(letter)?.slot ?? []);
    },
    open,
    close,
    async retry(letter) {
      const place = places.get(letter);
      if (place?.slot.failed !== undefined) await open(letter, place.choice);
    },
  };
}
