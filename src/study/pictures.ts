/** Held-out pictures as the models of a study see them, for its page. */
import { existsSync } from "node:fs";
import type { Example } from "../data/example.ts";
import type { DemoModel } from "../eval/demo/config.ts";
import type { ReportScene } from "../eval/demo/report.ts";
import { parametersOf } from "../eval/demo/run.ts";
import { reportScene } from "../eval/demo/scene.ts";
import { evaluate } from "../eval/evaluate.ts";
import type { Item } from "../eval/item.ts";
import { openVlm, programCache } from "../vlm/open.ts";
import { heldOutExamples } from "./held-out.ts";
import { configOf, type Plan, placesOf, type StudyRun } from "./plan.ts";
import type { StudyReport } from "./report.ts";

/** Models of one seed, and what they say and show of the same pictures. */
export interface ShownScenes {
  readonly models: readonly (DemoModel & { readonly parameters: number })[];
  readonly seed: number;
  readonly scenes: readonly ReportScene[];
}

/** Models side by side, and pictures. */
const [mostModels, pictures] = [4, 4];

/**
 * The first seed of which models of two arms are here: the first arms and the last. Undefined where no model is, as where
 * other machines trained.
 */
export async function shownScenes(
  out: string,
  plan: Plan,
  { arms }: StudyReport,
): Promise<ShownScenes | undefined> {
  const names = arms.map(({ name }) => name);
  const few =
    names.length <= mostModels ? names : [...names.slice(0, mostModels - 1), names[names.length - 1]];
  const runs = plan.seeds.map((seed) =>
    few.flatMap((name): StudyRun[] => {
      const arm = plan.arms.find((one) => one.name === name);
      return arm !== undefined && existsSync(placesOf(out, { arm, seed }).model) ? [{ arm, seed }] : [];
    }),
  );
  const most = Math.max(...runs.map(({ length }) => length));
  const chosen = runs.find(({ length }) => length === most);
  return chosen === undefined || most === 0 ? undefined : lookedAt(out, plan, chosen);
}

async function lookedAt(out: string, plan: Plan, runs: readonly StudyRun[]): Promise<ShownScenes> {
  const config = configOf(plan, runs[0]);
  const { device, precision, threads } = config.train;
  const machine = { device, precision, threads };
  const programs = programCache({ machine });
  const items: Item[][] = [];
  const models: ShownScenes["models"][number][] = [];
  try {
    let examples: Awaited<ReturnType<typeof heldOutExamples>> | undefined;
    for (const run of runs) {
      const { model: folder } = placesOf(out, run);
      const model = await openVlm(folder, { programs, machine });
      examples ??= await heldOutExamples(model, config, { ...plan, count: Math.min(pictures, plan.count) });
      for (const item of await itemsOf(model, examples)) {
        items[item.image] ??= [];
        items[item.image].push(item);
      }
      models.push({ label: run.arm.name, folder, parameters: parametersOf(model) });
    }
  } finally {
    await programs.dispose();
  }
  const labels = models.map(({ label }) => label);
  const scenes = items.map((own, i) => sceneOf(own[0].example, own, i, labels));
  return { models, seed: runs[0].seed, scenes: await Promise.all(scenes) };
}

async function itemsOf(
  model: Parameters<typeof evaluate>[0],
  examples: Parameters<typeof evaluate>[1],
): Promise<Item[]> {
  const items: Item[] = [];
  await evaluate(model, examples, { batch: pictures, onItem: (item) => items.push(item) });
  return items;
}

/** Pictures stand in the page itself. */
function sceneOf(
  example: Example,
  items: readonly Item[],
  i: number,
  models: readonly string[],
): Promise<ReportScene> {
  const scene = { id: `picture-${i + 1}`, title: `Held-out picture ${i + 1}`, example, items, models };
  return reportScene(scene, (file, png) => ({
    file,
    address: `data:image/png;base64,${Buffer.from(png).toString("base64")}`,
  }));
}
