import { z } from "zod";
import { mustBe } from "../../common/errors.ts";
import { importOwnModule } from "../../common/own-module.ts";
import type { Loss } from "../../losses/loss.ts";
import type { CustomLoss } from "../../losses/registry.ts";
import { type WeightedLoss, weigh } from "../../losses/total.ts";

/**
 * Losses from a user's own modules, which export `loss`, a {@link Loss}. Paths are relative to `folder`, the one
 * of the config file. Throws a UserError that names the module, or the option, that is wrong.
 */
export async function customLosses(
  config: readonly CustomLoss[],
  folder: string,
): Promise<readonly WeightedLoss[]> {
  const used = config.filter(({ weight }) => weight > 0);
  return Promise.all(used.map((custom) => loadLoss(custom, folder)));
}

async function loadLoss({ module, weight, options }: CustomLoss, folder: string): Promise<WeightedLoss> {
  const exported = await importOwnModule("losses", module, folder);
  if (!isLoss(exported.loss))
    throw mustBe("losses", `export "loss" of ${module}`, "made by defineLoss", typeof exported.loss);
  return weigh(exported.loss, weight, options, module);
}

function isLoss(value: unknown): value is Loss {
  const loss = value as Partial<Loss> | undefined;
  return (
    typeof loss?.name === "string" &&
    typeof loss.needs === "function" &&
    typeof loss.compute === "function" &&
    loss.options instanceof z.ZodObject
  );
}
