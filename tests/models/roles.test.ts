import { expect, it } from "vitest";
import { sizeOf } from "../../src/engine/host.ts";
import { adaptableModules } from "../../src/models/adapter/modules.ts";
import type { LlavaConfig } from "../../src/models/llava/config.ts";
import { fanInSpec } from "../../src/models/llava/fan-in.ts";
import { isParamSpec, mapTree, type ParamSpec } from "../../src/nn/init.ts";
import { decayed, partOf } from "../../src/train/step/groups.ts";
import { loadParity, parityNames } from "./parity.ts";

const modelTypes = [...new Set(parityNames.map((name) => name.split("/")[0]))];

/** The variance that a matrix starts with times its inputs, as 1 / n; empty for what starts as one value. */
function spread({ init, shape }: ParamSpec): string {
  if (init.kind !== "normal" || shape.length < 2) return "";
  return `starts with 1 / ${(1 / (init.std ** 2 * sizeOf(shape.slice(1)))).toPrecision(6)}`;
}

it.each(modelTypes)("%s: what is frozen, decays, is rounded and adapted, by parameter", async (modelType) => {
  const lines = new Set<string>();
  for (const name of parityNames.filter((other) => other.startsWith(`${modelType}/`))) {
    const { family, config } = await loadParity(name);
    const adapted = new Map(adaptableModules(family, config).map((module) => [module.tensor, module]));
    mapTree(family.specs(config) as never, isParamSpec, (spec, path) => {
      const tensor = family.tensorName(path);
      const module = adapted.get(tensor);
      const facts = [
        partOf(tensor),
        decayed({ [tensor]: spec }).size > 0 ? "decays" : "",
        !/embed|lm_head/.test(tensor) && spec.shape.length === 2 ? "rounded" : "",
        module ? `adapted${module.language ? " in the decoder" : ""}` : "",
        modelType === "llava" ? spread(fanInSpec(config as LlavaConfig, spec, path)) : "",
      ];
      const line = `${tensor}: ${facts.filter(Boolean).join(", ")}`;
      lines.add(line.replaceAll(/(?<=layers\.|blocks\.|merger_list\.)\d+(?=\.)/g, "N"));
    });
  }
  expect([...lines].sort().join("\n")).toMatchSnapshot();
});
