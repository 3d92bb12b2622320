/** Which linear layers of a model can have an adapter, and how they are called. */
import { mapTree, type Place } from "../../nn/init.ts";
import type { BoundFamily } from "../contract/family.ts";
import { isAdaptable, isPartSpec, type Part } from "../contract/roles.ts";

export interface AdaptableModule {
  /** In the parameter tree: `languageModel.layers.0.selfAttn.qProj`. */
  readonly path: string;
  /** In Python's transformers: `model.language_model.layers.0.self_attn.q_proj`. */
  readonly name: string;
  /** Name of its matrix in a checkpoint. */
  readonly tensor: string;
  readonly input: number;
  readonly output: number;
  readonly part: Part;
  readonly place: Place | undefined;
}

/** All linear layers but the head, in the order of the model. */
export function adaptableModules(family: BoundFamily): AdaptableModule[] {
  const modules: AdaptableModule[] = [];
  mapTree(family.specs, isPartSpec, (spec, path) => {
    if (!isAdaptable(spec)) return;
    const [output, input] = spec.shape;
    modules.push({
      path: withoutWeight(path),
      name: withoutWeight(family.moduleName(path)),
      tensor: family.tensorName(path),
      input,
      output,
      part: spec.part,
      place: spec.place,
    });
  });
  return modules;
}

const withoutWeight = (name: string) => name.replace(/\.weight$/, "");

/**
 * Modules that `targets` name, as PEFT matches a list: a target is a module's whole name or its end (`q_proj`,
 * `layers.3.mlp.up_proj`). A `*` stands for any text.
 */
export function matching(modules: readonly AdaptableModule[], target: string): AdaptableModule[] {
  const escaped = target.split("*").map((text) => text.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&"));
  const pattern = new RegExp(`(^|\\.)${escaped.join(".*")}$`);
  return modules.filter(({ name }) => pattern.test(name));
}

/**
 * `target_modules` for exactly these modules: a regular expression in which layers are `\d+` where it says that,
 * else all their names.
 */
export function targetModules(
  chosen: readonly AdaptableModule[],
  all: readonly AdaptableModule[],
): string | string[] {
  const kinds = [...new Set(chosen.map(({ name }) => kindOf(name)))];
  const expression = kinds.join("|");
  const pattern = new RegExp(`^(${expression})$`);
  const exact = all.filter(({ name }) => pattern.test(name)).length === chosen.length;
  return exact ? expression : chosen.map(({ name }) => name);
}

/** Python's and JavaScript's regular expressions are the same here. */
function kindOf(name: string): string {
  return name.replaceAll(".", "\\.").replaceAll(/(?<=\.)\d+(?=\\)/g, "\\d+");
}
