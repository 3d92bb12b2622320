import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { refOf } from "../../src/data/example.ts";
import { evaluate } from "../../src/eval/evaluate.ts";
import { scenesFor } from "../../src/eval/scenes.ts";
import { openRunRows } from "../../src/train/batches/rows.ts";
import { openSource } from "../../src/train/batches/source.ts";
import { checkConfig } from "../../src/train/config/config.ts";
import { openBlueprint } from "../../src/train/run/model.ts";
import { openVlm } from "../../src/vlm/open.ts";

const drawn = { "marked-cell": { grid: [3, 4], mark: "fill" } };
const oneClass = async () => 0;
const config = (data: object, more: object = {}) =>
  checkConfig({ data: { names: 6, ...data }, train: { batchSize: 16 }, ...more });

describe("a run on several tasks", () => {
  it("mixes scenes and drawings, each at the model's own size, the same every time", async () => {
    const tasks = ["presence", "marked-cell", "line-intersection"];
    const source = await openSource(config({ tasks, axes: drawn }));
    const examples = (
      await Promise.all([0, 1, 2, 3, 4, 5].map((step) => source.batch(step, 0, oneClass)))
    ).flat();
    const counts = new Map<string, number>();
    for (const { image, questions } of examples) {
      expect([image.width, image.height]).toEqual([64, 64]);
      expect(new Set(questions.map(({ task }) => task)).size).toBe(1);
      counts.set(questions[0].task, (counts.get(questions[0].task) ?? 0) + 1);
      if (questions[0].task === "marked-cell") expect([3, 4]).toContain(questions[0].difficulty?.grid);
    }
    for (const task of tasks) expect(counts.get(task)).toBeGreaterThan(18); // Of 96, a third each.
    const again = await openSource(config({ tasks, axes: drawn }));
    expect(await again.batch(3, 0, oneClass)).toEqual(await source.batch(3, 0, oneClass));
  });

  it("knows every word of its tasks, of its stages and of tasks to come, and no others", async () => {
    const source = await openSource(
      config(
        { tasks: ["marked-cell"], axes: drawn, vocabulary: ["line-intersection"] },
        {
          stages: [{ steps: 5, tasks: ["touching-circles"] }],
        },
      ),
    );
    const words = new Set(source.words);
    for (const word of ["row", "column", "4", "cross", "touching", "yes"]) expect(words).toContain(word);
    for (const word of ["5", "cat", "where"]) expect(words).not.toContain(word);
    expect((await source.batch(0, 0, oneClass))[0].questions[0].task).toBe("touching-circles");
    expect((await source.batch(5, 0, oneClass))[0].questions[0].task).toBe("marked-cell");
  });

  it("makes target maps as the config says", async () => {
    const peak = async (targets: object) => {
      const given = config({
        tasks: ["line-intersection"],
        axes: { "line-intersection": { crossings: 1 } },
        targets,
      });
      const source = await openSource(given);
      const collator = (await openRunRows(given, await openBlueprint(given, () => source.words), source))
        .collator;
      const [first] = await source.batch(0, 0, oneClass);
      return Math.max(...collator.collate([first]).batch.attentionTargets.data);
    };
    expect(await peak({ pointSigma: 0.3 })).toBeGreaterThan(2 * (await peak({ pointSigma: 2 })));
    expect(await peak({})).toBe(await peak({ pointSigma: 0.5 }));
  });

  it("refuses unknown tasks and axes in one line", async () => {
    expect(() => config({ tasks: ["chess"] })).toThrow(/data\.tasks/);
    const wrong = config({ tasks: ["marked-cell"], axes: { "marked-cell": { grid: 40 } } });
    await expect(openSource(wrong)).rejects.toThrow(
      /^marked-cell: grid must be a value of this axis, got 40; /,
    );
  });
});

describe("checkpoints/line-tracing", () => {
  it("is asked about pictures as it was trained on, and follows their lines", async () => {
    const model = await openVlm(join(import.meta.dirname, "../../checkpoints/line-tracing"));
    const examples = await scenesFor(model, { count: 24, seed: 3 });
    expect(new Set(examples.flatMap(({ questions }) => questions.map(({ task }) => task)))).toEqual(
      new Set(["line-tracing"]),
    );
    const { measurements } = await evaluate(model, examples.map(refOf));
    const found = measurements.find(({ group, name }) => group === "accuracy" && name === "line-tracing");
    expect(found?.values.length).toBeGreaterThan(47);
    expect(found?.values.every((value) => value === 1)).toBe(true);
  });
});
