import { beforeAll, expect, it } from "vitest";
import { random } from "../../src/common/random.ts";
import type { CutOutSet } from "../../src/data/assets/cutout.ts";
import { loadCutOuts } from "../../src/data/assets/load.ts";
import { sceneComposer } from "../../src/data/scenes/compose.ts";
import type { Scene, SceneObject } from "../../src/data/scenes/placed.ts";
import { caption } from "../../src/data/tasks/caption.ts";
import { sceneExamples } from "../../src/data/tasks/examples.ts";
import { scoredTaskNames, usualTaskNames, vocabulary } from "../../src/data/tasks/registry.ts";
import { defaultQuestionOptions, withArticle } from "../../src/data/tasks/task.ts";

let cutOuts: CutOutSet;
beforeAll(async () => {
  cutOuts = await loadCutOuts({ names: 12 });
});

const cheap = { size: 64, noise: 0, backgrounds: ["plain"] as const, plates: 0.5, repeats: 0.2 };

function captioned(count: number): { scene: Scene; text: string }[] {
  const compose = sceneComposer({ cutOuts }, cheap);
  return Array.from({ length: count }, (_, i) => {
    const scene = compose("captions", i);
    const asking = {
      scene,
      names: cutOuts.names,
      random: random("caption", i),
      options: defaultQuestionOptions,
    };
    return { scene, text: caption.ask(asking)!.answer };
  });
}

/** Whether a phrase holds for an object of its name, by rules of their own: coordinates against the picture's thirds. */
function holds(phrase: string, { objects, image }: Scene): boolean {
  const named = (object: SceneObject) => phrase.startsWith(withArticle(object.name));
  return objects.filter(named).some((object) => {
    const rest = phrase.slice(withArticle(object.name).length).trim();
    const [x, y] = [object.centre[0] / image.width, object.centre[1] / image.height];
    const words = rest.split(" ");
    if (rest === "") return true;
    if (words[0] === "on") return object.plate?.colour === words[2];
    if (words[0] === "at" || words[0] === "in") {
      const isOk = {
        left: x < 0.35,
        right: x > 0.65,
        top: y < 0.35,
        bottom: y > 0.65,
        middle: Math.abs(x - 0.5) < 0.2,
      };
      return words.slice(2).every((word) => isOk[word as keyof typeof isOk]);
    }
    const [, relation, name] = /^(left of|right of|above|below) an? (.+)$/.exec(rest)!;
    return objects.some((other) => {
      const [dx, dy] = [object.centre[0] - other.centre[0], object.centre[1] - other.centre[1]];
      const along = { "left of": -dx, "right of": dx, above: -dy, below: dy }[relation] as number;
      return other.name === name && along > 0;
    });
  });
}

it("says what is true, of every object once at least", () => {
  for (const { scene, text } of captioned(300)) {
    const phrases = text.split(/ , | and /);
    for (const phrase of phrases) expect(holds(phrase, scene), `${phrase} in: ${text}`).toBe(true);
    for (const { name } of scene.objects) expect(text).toContain(withArticle(name));
  }
});

it("says it in many ways", () => {
  const texts = captioned(300).map(({ text }) => text);
  for (const words of [" at the top", " in the middle", " above ", " left of ", " on a", " and "])
    expect(texts.filter((text) => text.includes(words)).length, words).toBeGreaterThan(5);
});

it("uses words of its vocabulary alone", () => {
  const words = new Set(vocabulary({ names: cutOuts.names, tasks: ["caption"], wordings: 2 }));
  for (const { questions } of sceneExamples(
    { cutOuts },
    { seed: 1, count: 100, tasks: ["caption"], wordings: 2 },
  ))
    for (const { question, answer } of questions)
      for (const word of `${question} ${answer}`.split(" ")) expect(words, word).toContain(word);
});

it("is neither asked unless it is named, nor scored", () => {
  expect(usualTaskNames).not.toContain("caption");
  expect(scoredTaskNames).not.toContain("caption");
});
