import { mustBe } from "../../common/errors.ts";
import { defined } from "../../common/options.ts";
import { type Random, random } from "../../common/random.ts";
import type { Split } from "../assets/load.ts";
import type { AnswerType, Concept, Example, Question } from "../example.ts";
import { sixDigits } from "../numbering.ts";
import { sceneComposer } from "../scenes/compose.ts";
import type { SceneAssets, SceneOptions } from "../scenes/options.ts";
import type { Scene } from "../scenes/placed.ts";
import { sceneTasks, type TaskName, taskNames, usualTaskNames } from "./registry.ts";
import { defaultQuestionOptions, type QuestionOptions, type SceneTask } from "./task.ts";

export interface SceneExampleOptions extends Partial<QuestionOptions> {
  readonly scene?: Partial<SceneOptions>;
  /** Left out: `usualTaskNames`. */
  readonly tasks?: readonly TaskName[];
  /** At most this many different questions an image; 4 when left out. */
  readonly questionsPerImage?: number;
  /** Concepts that are not in the image, beside all that are; 2 when left out. */
  readonly absentConcepts?: number;
  /** Streams of different splits share no scene; "train" when left out. */
  readonly split?: Split;
}

/**
 * A function that makes example `index` of stream `seed`: pure, the same for every caller and order. Its concepts
 * are every name in the image with its visible mask, and some that are absent.
 */
export function exampleMaker(
  assets: SceneAssets,
  options: SceneExampleOptions = {},
): (seed: number | string, index: number) => Example {
  const { split = "train", tasks = usualTaskNames } = options;
  checkOptions(options, tasks);
  const most = (of: "plates" | "repeats") =>
    Math.max(...tasks.map((name) => (sceneTasks[name] as SceneTask)[of] ?? 0));
  const needed = { plates: most("plates"), repeats: most("repeats") };
  const compose = sceneComposer(assets, { ...needed, ...options.scene });
  const asking = { ...defaultQuestionOptions, ...defined(options) };
  return (seed, index) => {
    for (let attempt = 0; ; attempt++) {
      const source = random("questions", split, seed, index, attempt);
      const scene = compose(`${split}/${seed}/${attempt}`, index);
      const context = { scene, names: assets.cutOuts.names, random: source, options: asking };
      const questions = askAll(context, tasks, options.questionsPerImage ?? 4);
      if (questions.length === 0 && attempt < 50) continue; // Nothing to ask: take another scene.
      const id = `${split}-${sixDigits(index)}`;
      const concepts = conceptsOf(scene, assets.cutOuts.names, options.absentConcepts ?? 2, source);
      return { id, image: scene.image, questions, concepts };
    }
  };
}

/** Examples [start, start + count) of a stream, one at a time. */
export function* sceneExamples(
  assets: SceneAssets,
  options: SceneExampleOptions & { seed: number | string; start?: number; count: number },
): Generator<Example> {
  const make = exampleMaker(assets, options);
  const { start = 0, count } = options;
  for (let i = start; i < start + count; i++) yield make(options.seed, i);
}

/** Questions of different text, the tasks in turn from a random one; a task that has nothing to ask is passed over. */
function askAll(
  context: Parameters<SceneTask["ask"]>[0],
  tasks: readonly TaskName[],
  most: number,
): Question[] {
  const first = context.random.integer(tasks.length);
  const questions = new Map<string, Question>();
  for (let turn = 0; turn < 4 * Math.max(most, tasks.length) && questions.size < most; turn++) {
    const task = tasks[(first + turn) % tasks.length];
    const scene: SceneTask = sceneTasks[task];
    const question = scene.ask(context);
    if (question !== undefined && !questions.has(question.question))
      questions.set(question.question, { task, ...question, answerType: answerTypeOf(scene, context) });
  }
  return [...questions.values()];
}

function answerTypeOf({ answerType }: SceneTask, { options }: Parameters<SceneTask["ask"]>[0]): AnswerType {
  return answerType?.(options) ?? "text";
}

function conceptsOf(scene: Scene, names: readonly string[], absent: number, source: Random): Concept[] {
  const taken = new Set(scene.objects.map((object) => object.name));
  const masks = (name: string) => scene.objects.filter((o) => o.name === name).map(({ mask }) => mask);
  const present = [...taken].map((word) => ({ word, regions: masks(word) }));
  const others = names.filter((name) => !taken.has(name));
  const chosen = source.shuffle(others).slice(0, absent);
  return [...present, ...chosen.map((word) => ({ word, regions: [] }))];
}

function checkOptions(options: SceneExampleOptions, tasks: readonly TaskName[]): void {
  if (tasks.length === 0) throw mustBe("examples", "tasks", "at least one", "none");
  for (const task of tasks)
    if (!Object.hasOwn(sceneTasks, task))
      throw mustBe("examples", "task", `one of ${taskNames.join(", ")}`, task);
  const { questionsPerImage = 4, absentConcepts = 2 } = options;
  if (!Number.isInteger(questionsPerImage) || questionsPerImage < 1)
    throw mustBe("examples", "questionsPerImage", "a whole number of at least 1", questionsPerImage);
  if (!Number.isInteger(absentConcepts) || absentConcepts < 0)
    throw mustBe("examples", "absentConcepts", "a whole number of at least 0", absentConcepts);
}
