/** New scenes, and a word that is not in them. */
import { random } from "../../../../common/random.ts";
import { conceptWords } from "../../../../data/assets/concepts.ts";
import { knownNames } from "./cut-out-files.ts";
import type { Origin } from "./scene.ts";

/** Another scene by chance: small numbers, which people can tell each other. */
export function anotherOrigin(chance: () => number = Math.random): Origin {
  return { seed: Math.floor(chance() * 1000), index: Math.floor(chance() * 10) };
}

/** A word of the trained ones that is not among the given; the same for a scene whatever is moved in it. */
export function absentWord({ seed, index }: Origin, names: readonly string[]): string {
  const words = random("absent", seed, index).shuffle(conceptWords(knownNames));
  return words.find((word) => !names.includes(word)) ?? words[0];
}

/** The file that {@link sceneCommand} writes the scene to. */
export function sceneFile({ seed, index }: Origin): string {
  return `out/scenes-${seed}/images/${`${index}`.padStart(6, "0")}.png`;
}

/** The command that writes the same picture. */
export function sceneCommand({ seed, index }: Origin): string {
  const tasks = "naming,grid-patch,presence";
  return `fovea data make scenes --names ${knownNames} --tasks ${tasks} --split test --seed ${seed} --count ${index + 1} --out out/scenes-${seed}`;
}
