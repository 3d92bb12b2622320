/** Reads studio.json and opens the models that it names. */
import { openInPage } from "../models/in-page.ts";
import { openAddress } from "./address.ts";
import { letters, type ModelSetup, type Setup, type ShownPicture, type Slot, type Studio } from "./studio.ts";

export async function openStudio(): Promise<Studio> {
  const setup = (await (await fetch("studio.json")).json()) as Setup;
  const listeners = new Set<() => void>();
  const changed = () => {
    for (const listener of listeners) listener();
  };
  const slots: Slot[] = setup.models.map(({ title, note }, i) => ({ letter: letters[i], title, note }));
  const update = (i: number, change: Partial<Slot>) => {
    slots[i] = { ...slots[i], ...change };
    changed();
  };
  for (const [i, model] of setup.models.entries()) void openSlot(setup, model, (change) => update(i, change));
  const address = openAddress(changed);
  let picture: ShownPicture | undefined;
  return {
    setup,
    address,
    get slots() {
      return [...slots];
    },
    get picture() {
      return picture;
    },
    show(shown) {
      picture = shown;
      changed();
    },
    readers: new Map(),
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    say: (line) => dispatchEvent(new CustomEvent("studio-says", { detail: line })),
  };
}

async function openSlot(
  setup: Setup,
  { folder }: ModelSetup,
  update: (change: Partial<Slot>) => void,
): Promise<void> {
  try {
    const model = await openInPage({
      worker: new URL("worker.js", document.baseURI),
      folder: new URL(folder, document.baseURI).href,
      assets: new URL(setup.assets, document.baseURI).href,
      device: "wasm",
      threads: 1,
      onLoading: (loading) => update({ loading }),
    });
    update({ model, loading: undefined });
  } catch (error) {
    update({ failed: (error as Error).message, loading: undefined });
  }
}
