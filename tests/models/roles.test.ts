import { expect, it } from "vitest";
import { sizeOf } from "../../src/engine/host.ts";
import { openSafetensors } from "../../src/hub/weights/safetensors.ts";
import { adaptableModules } from "../../src/models/adapter/modules.ts";
import { decays, isAdaptable, isPartSpec, parts } from "../../src/models/contract/roles.ts";
import type { LlavaConfig } from "../../src/models/llava/config.ts";
import { fanInSpec } from "../../src/models/llava/fan-in.ts";
import { mapTree, type ParamSpec } from "../../src/nn/init.ts";
import { loadParity, parityNames, processedNames } from "./parity.ts";

const modelTypes = [...new Set(parityNames.map((name) => name.split("/")[0]))];

/** The variance that a matrix starts with times its inputs, as 1 / n; empty for what starts as one value. */
function spread({ init, shape }: ParamSpec): string {
  if (init.kind !== "normal" || shape.length < 2) return "";
  return `starts with 1 / ${(1 / (init.std ** 2 * sizeOf(shape.slice(1)))).toPrecision(6)}`;
}

it.each(modelTypes)("%s: what is frozen, decays, is rounded and adapted, by parameter", async (modelType) => {
  const lines = new Set<string>();
  for (const name of parityNames.filter((other) => other.startsWith(`${modelType}/`))) {
    const { family } = await loadParity(name);
    const adapted = new Map(adaptableModules(family).map((module) => [module.tensor, module]));
    mapTree(family.specs, isPartSpec, (spec, path) => {
      const tensor = family.tensorName(path);
      const module = adapted.get(tensor);
      const facts = [
        spec.part,
        decays(spec) ? "decays" : "",
        isAdaptable(spec) ? "rounded" : "",
        module ? `adapted${module.part === "decoder" ? " in the decoder" : ""}` : "",
        modelType === "llava" ? spread(fanInSpec(family.config as LlavaConfig, spec)) : "",
      ];
      const line = `${tensor}: ${facts.filter(Boolean).join(", ")}`;
      lines.add(line.replaceAll(/(?<=layers\.|blocks\.|merger_list\.)\d+(?=\.)/g, "N"));
    });
  }
  expect([...lines].sort().join("\n")).toMatchSnapshot();
});

it.each(processedNames)("every stored tensor of %s has a part, and every part has some", async (name) => {
  const { family, folder } = await loadParity(name);
  const specs = family.namedSpecs;
  const { tensors } = await openSafetensors(`${folder}model.safetensors`);
  const stored = [...tensors.keys()].flatMap((tensor) => family.currentTensorName(tensor) ?? []);
  expect(new Set(stored.map((tensor) => specs[tensor]?.part))).toEqual(new Set(parts));
});
