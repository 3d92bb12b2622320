/** Writes the page of one evaluation: what changed between runs, with pictures. */
import { readTemplates } from "../../answers/prompts/chosen.ts";
import { writeFileWhole } from "../../common/files.ts";
import type { Machine } from "../../engine/runtime/runtime.ts";
import type { WeightForm } from "../../hub/weights/weights.ts";
import { isBaseline } from "../baselines.ts";
import { parseModelSpec } from "../providers/spec.ts";
import { type AskedModel, attentionViews } from "./attention-views.ts";
import { type ReportPage, reportPage } from "./page.ts";
import { type ShownGroup, type ShownRun, shownGroups } from "./shown.ts";

export interface ReportOptions extends Omit<ReportPage, "groups" | "pictures"> {
  /** In the order of the names. */
  readonly runs: readonly ShownRun[];
  readonly seed: number;
  /** The file of prompt templates that was asked with. */
  readonly prompts?: string;
  readonly weights?: WeightForm;
  readonly machine?: Machine;
}

/** Writes the page of an evaluation; local models are opened again to see where they look. */
export async function writeReport(path: string, options: ReportOptions): Promise<void> {
  const { runs, seed } = options;
  const groups = await withAttention(await shownGroups(runs, seed), options);
  const pictures = new Set(runs[0].items.map(({ image }) => image)).size;
  await writeFileWhole(path, await reportPage({ ...options, groups, pictures }));
}

async function withAttention(groups: readonly ShownGroup[], options: ReportOptions): Promise<ShownGroup[]> {
  const { runs } = options;
  const models = await Promise.all(runs.map((run) => askedModel(run, options)));
  const shown = groups.flatMap(({ questions }) => questions.filter(({ picture }) => picture !== undefined));
  if (shown.length === 0 || models.every((model) => model === undefined)) return [...groups];
  const items = shown.map(({ item }) => item);
  const views = await attentionViews(models, items, runs[0]);
  return groups.map((group) => ({
    ...group,
    questions: group.questions.map((question) => ({
      ...question,
      answers: question.answers.map((answer) => {
        const attention = views[answer.slot]?.get(question.item.id);
        return { ...answer, ...(attention && { attention }) };
      }),
    })),
  }));
}

/** Undefined for models that cannot be looked into. */
async function askedModel({ run }: ShownRun, options: ReportOptions): Promise<AskedModel | undefined> {
  if (isBaseline(run.model) || parseModelSpec(run.model).kind === "remote") return undefined;
  const { weights, machine } = options;
  const templates = await readTemplates(options.prompts);
  const opening = { ...(weights && { weights }), ...(machine && { machine }) };
  return { folder: run.model, family: run.family, templates, ...opening };
}
