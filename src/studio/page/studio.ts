/** What all rooms share: the models side by side, the address, and what the server says of itself. */
import type { RgbImage } from "../../common/image.ts";
import type { Region } from "../../grounding/region.ts";
import type { Loading, StudioModel } from "../models/model.ts";
import type { PageSource } from "../models/source.ts";
import type { Address } from "./address.ts";
import type { MachineFacts } from "./settings.ts";

/** The order of models, and so their colours: `--model-a`, `--model-b`, ... */
export const letters = ["a", "b", "c", "d"] as const;
export type Letter = (typeof letters)[number];

/** A model's place in the page, from the moment it is asked for. */
export interface Slot {
  readonly letter: Letter;
  /** What people read above its column: "NTP + LLL + KLAL". */
  readonly title: string;
  /** What is said beside it: "1.4 M parameters, 2,000 steps". */
  readonly note: string;
  /** As commands take it: a folder, OWNER/NAME. */
  readonly given?: string;
  readonly model?: StudioModel;
  /** Until it is open. */
  readonly loading?: Loading;
  /** Why it could not be opened, in one line. */
  readonly failed?: string;
}

/** Where a model is: in this page, or on the server under an address of it. */
export type ModelSource = PageSource | { readonly server: string };

/** A model that somebody wants to see. */
export interface ModelChoice {
  readonly title: string;
  readonly note?: string;
  readonly given?: string;
  readonly source: ModelSource;
}

/** studio.json beside the page: written by the build (static site) or by the server. */
export interface Setup {
  /** Whether a server answers under `api/`; without one everything happens in the page. */
  readonly server: boolean;
  /** Those that are shown at first. */
  readonly models: readonly ModelSetup[];
  /** Those that the visitor may put in their places. */
  readonly others?: readonly ModelSetup[];
  /** Where the files of ONNX Runtime lie, from the page. */
  readonly assets: string;
  /** What the server has besides, by the names of the folders: data sets, training runs, runs of evaluations. */
  readonly data?: readonly string[];
  readonly runs?: readonly string[];
  readonly boards?: readonly string[];
}

export interface ModelSetup {
  readonly title: string;
  readonly note: string;
  /** Where its folder lies, from the page; or its name on the server. */
  readonly folder: string;
  /** As commands take it: a folder, OWNER/NAME. */
  readonly given?: string;
  readonly runsIn: "page" | "server";
  /** The same for models that were trained alike in everything but their losses. */
  readonly training?: string;
}

/** Something that shows in a picture, by its word, and where. */
export interface KnownObject {
  readonly word: string;
  /** In pixels of the original picture. */
  readonly region: Region;
}

/** The picture that all rooms show. */
export interface ShownPicture {
  /** How an address names it; undefined for a visitor's own picture, which no address can hold. */
  readonly ref?: string;
  readonly name: string;
  readonly image: RgbImage;
  /** What is known to show in it; undefined where nobody knows. */
  readonly truth?: readonly KnownObject[];
}

/** Makes the picture that an address names. */
export type PictureReader = (ref: string) => Promise<ShownPicture>;

export interface Studio {
  readonly setup: Setup;
  readonly address: Address;
  /** What this browser has to run models with. */
  readonly machine: MachineFacts;
  /** In the order of their letters, four at most. */
  readonly slots: readonly Slot[];
  /** Opens a model in the place of that letter. Settles once it is open or has failed, which its slot says. */
  open(letter: Letter, choice: ModelChoice): Promise<void>;
  /** Takes a model away and gives its memory back; what it was asked rejects with an AbortError. */
  close(letter: Letter): void;
  /** Opens what failed once more. */
  retry(letter: Letter): Promise<void>;
  /** What Play composed or somebody opened last; rooms carry it over. */
  readonly picture: ShownPicture | undefined;
  show(picture: ShownPicture): void;
  /** Refs are `kind:rest`; whoever makes pictures of a kind says here how. */
  readonly readers: Map<string, PictureReader>;
  /** Called whenever slots or the address change; gives the function that ends it. */
  onChange(listener: () => void): () => void;
  /** One line at the foot of the page, for people. */
  say(line: string): void;
}
