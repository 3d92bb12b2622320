/** Keeps what the models say up with a picture that changes: of each model the newest request wins. */
import { latest } from "../../models/latest.ts";
import type { StudioModel } from "../../models/model.ts";
import type { Letter, Slot } from "../studio.ts";
import type { Asked, Seen } from "./say/view.ts";

/** What each model said last, or why it could not. */
export interface Followed {
  readonly seen?: Seen;
  readonly failed?: string;
}

export interface FollowOptions {
  /** Called whenever a model has said something. */
  readonly onChange: () => void;
}

/** What is asked beside the picture. */
export interface Wish extends Asked {
  /** Whether patches' words are wanted at every layer. */
  readonly everyLayer: boolean;
}

interface Line {
  readonly model: StudioModel;
  readonly ask: (wish: Wish) => Promise<Seen | undefined>;
  state: Followed;
}

export interface Follower {
  /** Asks all open models; those that open later are asked by `update`. */
  ask(wish: Wish): void;
  /** After slots changed. */
  update(slots: readonly Slot[]): void;
  of(letter: Letter): Followed;
  /** Whether every open model has said what it says of the newest picture. */
  readonly settled: boolean;
}

/** Likeliest tokens of a patch: some are no words. */
const top = 5;
/** Tokens that an answer may have while it follows a drag. */
const maxNewTokens = 8;

export function follow({ onChange }: FollowOptions): Follower {
  const lines = new Map<Letter, Line>();
  let wish: Wish | undefined;
  const run = async (line: Line, wanted: Wish) => {
    try {
      const seen = await line.ask(wanted);
      if (seen === undefined) return;
      line.state = { seen };
    } catch (error) {
      line.state = { failed: (error as Error).message };
    }
    onChange();
  };
  return {
    ask(wanted) {
      wish = wanted;
      for (const line of lines.values()) void run(line, wanted);
    },
    update(slots) {
      for (const letter of lines.keys())
        if (!slots.some((slot) => slot.letter === letter && slot.model !== undefined)) lines.delete(letter);
      for (const { letter, model } of slots) {
        if (model === undefined || lines.get(letter)?.model === model) continue;
        const line: Line = { model, ask: asker(model), state: {} };
        lines.set(letter, line);
        if (wish !== undefined) void run(line, wish);
      }
    },
    of: (letter) => lines.get(letter)?.state ?? {},
    get settled() {
      return [...lines.values()].every(
        ({ state }) => state.failed !== undefined || state.seen?.asked === wish,
      );
    },
  };
}

function asker(model: StudioModel): Line["ask"] {
  return latest(async (wish: Wish, signal: AbortSignal): Promise<Seen> => {
    const { image, words, questions, everyLayer } = wish;
    const given = {
      picture: image,
      words,
      questions: questions.map(({ text }) => text),
      top,
      layers: everyLayer ? ("all" as const) : ("last" as const),
      maxNewTokens,
    };
    return { asked: wish, glance: await model.run("glance", given, { signal }) };
  });
}
