/** What a run will ask, before it asks anything. */
import { relative, resolve } from "node:path";
import type { AnswerFamily } from "../../answers/families.ts";
import {
  type ChosenPrompts,
  choosePrompts,
  promptsFile,
  readTemplates,
} from "../../answers/prompts/chosen.ts";
import { mustBe } from "../../common/errors.ts";
import { type BaselineKind, isBaseline } from "../baselines.ts";
import { type ItemChoice, readItems } from "../items.ts";
import { openProvider, type ProviderOptions } from "../providers/open.ts";
import type { Provider } from "../providers/provider.ts";
import type { RunPlan } from "./folder.ts";

export interface PlanOptions extends ProviderOptions, ItemChoice {
  /** Image folder with the questions. */
  readonly data: string;
  /** A model as `openProvider` takes it, or a baseline. */
  readonly model: string;
  /** Run folder. */
  readonly out: string;
  /** Another file of prompt templates. */
  readonly prompts?: string;
  /** Most tokens of one answer; by the family when left out. */
  readonly maxOutputTokens?: number;
}

/** A run before its first question: what is asked, of whom, and what the run folder will say of it. */
export type Plan = ModelPlan | BaselinePlan;

export interface ModelPlan extends RunPlan {
  readonly kind: "model";
  readonly provider: Provider;
  readonly chosen: ChosenPrompts;
  readonly maxOutputTokens: number;
  readonly data: string;
}

export interface BaselinePlan extends RunPlan {
  readonly kind: "baseline";
  readonly baseline: BaselineKind;
}

/** Reads the questions, opens the model and chooses its prompts. Throws a `UserError` for what does not fit. */
export async function planRun(options: PlanOptions): Promise<Plan> {
  const { data, model, out, seed = 0 } = options;
  const { items, dataHash, notices } = await readItems(data, options);
  const common = {
    version: 1,
    data: relative(resolve(out), resolve(data)) || ".",
    dataHash,
    items: items.length,
    seed,
    ...(options.part !== undefined && { part: options.part.name }),
  } as const;
  if (isBaseline(model)) {
    const run = { ...common, model, family: "none", promptHash: "" };
    return { kind: "baseline", baseline: model, run, items, notices, prompts: "{}\n" };
  }
  if (resolve(out) === resolve(data)) throw mustBe("eval", "--out", "another folder than the data", out);
  const templates = await readTemplates(options.prompts);
  const provider = await openProvider(model, options);
  const chosen = choosePrompts(templates, provider.family, items);
  const { maxOutputTokens = roomFor(provider.family) } = options;
  const run = {
    ...common,
    model: provider.name,
    family: provider.family.name,
    promptHash: chosen.hash,
    identity: provider.identity,
    ...(options.temperature !== undefined && !provider.isLocal && { temperature: options.temperature }),
    maxOutputTokens,
  };
  return {
    kind: "model",
    provider,
    chosen,
    maxOutputTokens,
    data,
    run,
    items,
    notices,
    prompts: promptsFile(chosen),
  };
}

/** Most tokens of an answer: of bare questions it is short, but for lists of places in numbers of several tokens. */
function roomFor({ bare, places }: AnswerFamily): number {
  if (!bare) return 1024;
  return places.form === "plain" ? 48 : 256;
}
