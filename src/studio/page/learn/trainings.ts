/** The trainings of this page. They outlive the room: whoever goes to another one finds them again, still going. */
import { UserError } from "../../../common/errors.ts";
import { type ModelFiles, type Training, trainInPage } from "../../learn/in-page.ts";
import type { Recipe } from "../../learn/recipe.ts";
import type { Letter, Setup, Studio } from "../studio.ts";
import { begun, type TrainingState, told } from "./training-state.ts";

export interface Trainings {
  /** At most two, in the order of their letters. */
  readonly all: readonly TrainingState[];
  /** The one that goes on, or could. */
  readonly current: TrainingState | undefined;
  /** Begins another one; the one before stops and is kept to be compared with, the one before that goes. */
  start(recipe: Recipe): Promise<void>;
  pause(): void;
  go(): void;
  /** A training's model as it is now. Rejects with a UserError where it has none. */
  files(letter: Letter): Promise<ModelFiles>;
  onChange(listener: () => void): () => void;
}

/** After the letters of the models that are compared elsewhere. */
const own = ["c", "d"] as const satisfies readonly Letter[];

const opened = new WeakMap<Studio, Trainings>();

/** The trainings of a studio, the same whenever it is asked. */
export function trainingsOf(studio: Studio): Trainings {
  const known = opened.get(studio) ?? openTrainings(studio);
  opened.set(studio, known);
  return known;
}

function openTrainings(studio: Studio): Trainings {
  const listeners = new Set<() => void>();
  const states = new Map<Letter, TrainingState>();
  /** Models of trainings that ended. */
  const kept = new Map<Letter, ModelFiles>();
  let live: { readonly letter: Letter; readonly training: Training } | undefined;
  /** Until the one before has given its model: a second start would leave a worker that nobody ends. */
  let starting = false;
  const set = (state: TrainingState) => {
    states.set(state.letter, state);
    for (const listener of listeners) listener();
  };
  const currentState = () => (live === undefined ? undefined : states.get(live.letter));
  const isBusy = () => ["opening", "training", "stopping"].includes(currentState()?.status ?? "");
  addEventListener("beforeunload", (event) => {
    if (isBusy()) event.preventDefault();
  });
  /** Its model stays, if it has one. */
  const end = async () => {
    if (live === undefined) return;
    const { letter, training } = live;
    live = undefined;
    training.pause();
    await training.files().then(
      (files) => kept.set(letter, files),
      () => {},
    );
    training.close();
    const state = states.get(letter);
    if (state !== undefined && state.status !== "failed")
      set({ ...state, status: "stopped", doing: undefined });
  };
  const begin = async (recipe: Recipe) => {
    const letter = live?.letter === own[0] || (live === undefined && states.has(own[0])) ? own[1] : own[0];
    await end();
    kept.delete(letter);
    set(begun(recipe, letter));
    const beside = (path: string) => new URL(path, document.baseURI).href;
    const training = trainInPage({
      worker: new URL("trainer.js", document.baseURI),
      recipe,
      folder: beside(twinOf(studio.setup)),
      cutOuts: beside("cutouts/coarse.bin"),
      assets: beside(studio.setup.assets),
      ...(crossOriginIsolated ? { threads: threadsOf(navigator.hardwareConcurrency) } : { threads: 1 }),
      onMessage(message) {
        const state = states.get(letter);
        if (state !== undefined && live?.training === training) set(told(state, message));
      },
    });
    live = { letter, training };
  };
  return {
    get all() {
      return own.flatMap((letter) => states.get(letter) ?? []);
    },
    get current() {
      return currentState();
    },
    async start(recipe) {
      if (starting) return;
      starting = true;
      await begin(recipe).finally(() => {
        starting = false;
      });
    },
    pause() {
      const state = currentState();
      if (state === undefined) return;
      live?.training.pause();
      set({ ...state, status: "stopping" });
    },
    go() {
      const state = currentState();
      if (state?.status !== "stopped") return;
      live?.training.go();
      set({ ...state, status: "training" });
    },
    async files(letter) {
      const files = kept.get(letter) ?? (live?.letter === letter ? await live.training.files() : undefined);
      if (files === undefined) throw new UserError("this training has no model now");
      return files;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** The folder of the NTP twin; of a site without it, the first model that runs in the page. */
function twinOf({ models }: Setup): string {
  const inPage = models.filter(({ runsIn }) => runsIn === "page").map(({ folder }) => folder);
  return inPage.find((folder) => /\bntp\/?$/.test(folder)) ?? inPage[0] ?? "models/ntp/";
}

/**
 * Half of the cores, four at most: threads of WebAssembly wait for each other busily, so that on cores which other work takes
 * too, two of them made half as many steps as one.
 */
function threadsOf(cores: number): number {
  return Math.max(1, Math.min(4, Math.floor(cores / 2)));
}
