/** Reads studio.json and opens the models that it names. */
import { openInPage } from "../models/in-page.ts";
import { openRemote } from "../models/remote.ts";
import { openAddress } from "./address.ts";
import { noteLoaded } from "./offline/keep.ts";
import { hasWebgpu, machineFacts, readSettings, threadsFor } from "./settings.ts";
import { type OpenModel, openSlots } from "./slots.ts";
import {
  letters,
  type ModelChoice,
  type ModelSetup,
  type Setup,
  type ShownPicture,
  type Studio,
} from "./studio.ts";

export async function openStudio(): Promise<Studio> {
  const setup = (await (await fetch("studio.json")).json()) as Setup;
  const listeners = new Set<() => void>();
  const changed = () => {
    for (const listener of listeners) listener();
  };
  let machine = machineFacts();
  void hasWebgpu().then((webgpu) => {
    machine = { ...machine, webgpu };
    changed();
  });
  const slots = openSlots(modelOpener(setup), changed);
  for (const [i, model] of setup.models.slice(0, letters.length).entries())
    void slots.open(letters[i], choiceOf(model));
  const address = openAddress(changed);
  let picture: ShownPicture | undefined;
  return {
    setup,
    address,
    get machine() {
      return machine;
    },
    get slots() {
      return slots.all;
    },
    open: slots.open,
    close: slots.close,
    retry: slots.retry,
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

/** A model of studio.json, to be opened. */
export function choiceOf({ title, note, given, folder, runsIn }: ModelSetup): ModelChoice {
  const address = new URL(folder, document.baseURI).href;
  const source = runsIn === "server" ? { server: address } : { address };
  return { title, note, source, ...(given !== undefined && { given }) };
}

function modelOpener(setup: Setup): OpenModel {
  const { device, threads = threadsFor(setup.models.length, machineFacts()) } = readSettings(location.search);
  return async (source, onLoading) => {
    if ("server" in source) return openRemote({ address: new URL(source.server), onLoading });
    return openInPage({
      worker: new URL("worker.js", document.baseURI),
      assets: new URL(setup.assets, document.baseURI).href,
      source,
      device,
      threads,
      onLoading,
      onLoaded: noteLoaded,
    });
  };
}
