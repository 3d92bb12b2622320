import { describe, expect, it } from "vitest";
import { loadCutOuts } from "../../src/data/assets/load.ts";
import { sceneComposer } from "../../src/data/scenes/compose.ts";
import { exampleMaker } from "../../src/data/tasks/examples.ts";

const cutOuts = await loadCutOuts({ names: 12 });
const make = exampleMaker({ cutOuts }, { tasks: ["referring"], scene: { size: 64, objects: [3, 5] } });
const examples = Array.from({ length: 400 }, (_, i) => make(3, i));
const asked = examples.flatMap(({ questions, image, concepts }) =>
  questions.map((question) => ({ ...question, image, concepts })),
);

/** An object as the picture's truth has it; written anew, so that it can disagree with the task. */
interface Thing {
  readonly name: string;
  readonly x: number;
  readonly y: number;
}

function thingsOf(concepts: (typeof asked)[number]["concepts"]): Thing[] {
  return concepts.flatMap(({ word, regions }) =>
    regions.flatMap((region) => {
      if (region.kind !== "mask") return [];
      const [height] = region.size;
      let [at, area, sumX, sumY] = [0, 0, 0, 0];
      for (const [run, count] of region.counts.entries())
        for (let i = 0; i < count; i++, at++)
          if (run % 2 === 1) {
            area++;
            sumX += Math.floor(at / height) + 0.5;
            sumY += (at % height) + 0.5;
          }
      return [{ name: word, x: sumX / area / 64, y: sumY / area / 64 }];
    }),
  );
}

describe("referring expressions", () => {
  it("say what is needed: the name alone where it is the only one, more where it is not", () => {
    expect(asked.length).toBeGreaterThan(600);
    for (const { question, difficulty, concepts } of asked) {
      const plain = /^where is the ([a-z -]+?) \?$/.exec(question)?.[1];
      const alone = difficulty?.["same name"] === 1;
      expect(difficulty?.expression === "name").toBe(alone);
      if (alone) expect(concepts.filter(({ word }) => word === plain)[0].regions).toHaveLength(1);
    }
  });

  it("with a relation hold for exactly one object, and that is the answer", () => {
    let checked = 0;
    for (const { question, concepts, regions } of asked) {
      const [, name, relation, anchor] =
        /^where is the ([a-z ]+?) (left of|right of|above|below) the ([a-z ]+?) \?$/.exec(question) ?? [];
      const things = thingsOf(concepts);
      const anchors = things.filter((thing) => thing.name === anchor);
      if (anchors.length !== 1 || !things.some((thing) => thing.name === name)) continue;
      const fits = ({ x, y }: Thing) => {
        const [dx, dy] = [x - anchors[0].x, y - anchors[0].y];
        const along = { "left of": -dx, "right of": dx, above: -dy, below: dy }[relation] as number;
        return along > 0.1 && along >= 0.99 * Math.abs(along === dx || along === -dx ? dy : dx);
      };
      const fitting = things.filter((thing) => thing.name === name && fits(thing));
      expect(fitting, question).toHaveLength(1);
      const [region] = regions;
      if (region.kind !== "box") throw new Error("a box was asked for");
      const [x0, y0, x1, y1] = region.box.map((value) => value / 64);
      const [{ x, y }] = fitting;
      expect(x0 <= x && x <= x1 && y0 <= y && y <= y1, question).toBe(true);
      checked++;
    }
    expect(checked).toBeGreaterThan(30);
  });

  it("use every kind of expression", () => {
    const kinds = new Set(asked.map(({ difficulty }) => difficulty?.expression));
    expect([...kinds].sort()).toEqual([
      "disc",
      "disc + relation",
      "name",
      "relation",
      "size",
      "size + relation",
    ]);
  });
});

describe("point to every", () => {
  it("names each object of the name once, from top to bottom", () => {
    const every = exampleMaker(
      { cutOuts },
      { tasks: ["point-to-every"], scene: { size: 64, objects: [3, 5] } },
    );
    const counts = new Map<number, number>();
    for (let i = 0; i < 200; i++)
      for (const { answer, regions, difficulty } of every(5, i).questions) {
        const points = answer.split(" , ").map((point) => point.split(" ").map(Number));
        expect(points).toHaveLength(regions.length);
        expect(difficulty?.instances).toBe(points.length);
        const rows = points.map(([, y]) => y);
        expect(rows).toEqual([...rows].sort((a, b) => a - b));
        counts.set(points.length, (counts.get(points.length) ?? 0) + 1);
      }
    expect([...counts.keys()].sort()).toEqual(expect.arrayContaining([1, 2, 3]));
  });

  it("leaves scenes without repeated names as they were", () => {
    const compose = (repeats?: number) =>
      sceneComposer({ cutOuts }, { size: 32, ...(repeats !== undefined && { repeats }) })(1, 5);
    expect(compose(0)).toEqual(compose());
  });
});

describe("tasks that call an object by its name alone", () => {
  it.each(["grid-patch", "pointing", "colour"] as const)(
    "%s asks only about names that are alone",
    (task) => {
      const mixed = exampleMaker(
        { cutOuts },
        { tasks: [task, "referring"], scene: { size: 64, objects: [3, 5] } },
      );
      let checked = 0;
      for (let i = 0; i < 100; i++) {
        const { questions, concepts } = mixed(9, i);
        for (const { question } of questions.filter((q) => q.task === task)) {
          const named = concepts.filter(
            ({ word, regions }) => regions.length > 0 && question.includes(` the ${word} `),
          );
          expect(named, question).toHaveLength(1);
          expect(named[0].regions, question).toHaveLength(1);
          checked++;
        }
      }
      expect(checked).toBeGreaterThan(50);
    },
  );
});
