/** Model families of a user's own, which `defineFamily` makes and no registry knows. */
import { mustBe } from "../common/errors.ts";
import { importOwnModule } from "../common/own-module.ts";
import type { ModelFamily } from "./contract/family.ts";

/**
 * Families from a user's own modules, which export `family`, made by `defineFamily`. Paths are relative to `folder`, the
 * one of the config file. Throws a UserError that names the module that is wrong.
 */
export async function customFamilies(
  modules: readonly string[] = [],
  folder = ".",
): Promise<readonly ModelFamily[]> {
  return Promise.all(
    modules.map(async (module) => {
      const { family } = await importOwnModule("model.families", module, folder);
      if (isFamily(family)) return family;
      throw mustBe("model.families", `export "family" of ${module}`, "made by defineFamily", typeof family);
    }),
  );
}

function isFamily(value: unknown): value is ModelFamily {
  const family = value as Partial<ModelFamily> | undefined;
  return typeof family?.modelType === "string" && typeof family.read === "function";
}
