/** What a model answers on held-out scenes, by task. */
import { evaluate } from "../../src/eval/evaluate.ts";
import { mean } from "../../src/eval/statistics.ts";
import { heldOutExamples } from "../../src/study/held-out.ts";
import { loadConfig } from "../../src/train/config/config.ts";
import { currentCommit } from "../../src/train/report/card.ts";
import { openVlm } from "../../src/vlm/open.ts";

export interface Answered {
  readonly commit: string;
  readonly pictures: number;
  /** Share of questions answered rightly. */
  readonly accuracy: Readonly<Record<string, number>>;
  readonly questions: Readonly<Record<string, number>>;
}

/** Scenes of the model's own config, of pictures that it was not trained on. */
export async function answered(folder: string, pictures: number): Promise<Answered> {
  const [model, config] = await Promise.all([
    openVlm(folder),
    loadConfig({ file: `${folder}/training.yaml` }),
  ]);
  const examples = await heldOutExamples(model, config, { count: pictures, sceneSeed: 7 });
  const { measurements } = await evaluate(model, examples);
  const tasks = measurements.filter(({ group, name }) => group === "accuracy" && name !== "all questions");
  await model.programs.dispose();
  return {
    commit: await currentCommit(),
    pictures,
    accuracy: Object.fromEntries(tasks.map(({ name, values }) => [name, mean(values)])),
    questions: Object.fromEntries(tasks.map(({ name, values }) => [name, values.length])),
  };
}
