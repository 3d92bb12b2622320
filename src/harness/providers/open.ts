import { importOptional } from "../../common/optional.ts";
import type { Machine } from "../../engine/runtime/runtime.ts";
import { modelFolder } from "../../hub/net/cache.ts";
import type { WeightForm } from "../../hub/weights/weights.ts";
import { openLocal } from "./local.ts";
import type { Provider } from "./provider.ts";
import type { RemoteOptions } from "./remote.ts";
import { parseModelSpec } from "./spec.ts";

export interface ProviderOptions extends RemoteOptions {
  readonly baseUrl?: string;
  /** Questions that a local model answers in one pass. */
  readonly batch?: number;
  /** How a local model's weights are held; default "memory". */
  readonly weights?: WeightForm;
  /** Where a local model's programs run. */
  readonly machine?: Machine;
}

/**
 * The model that `spec` names; see {@link parseModelSpec}. Throws a `UserError` when the name is no model, the folder
 * does not load or the key is missing. Nothing is asked yet.
 */
export async function openProvider(spec: string, options: ProviderOptions = {}): Promise<Provider> {
  const parsed = parseModelSpec(spec, options.baseUrl);
  if (parsed.kind === "local") {
    return { ...(await openLocal(await modelFolder(parsed.folder), options)), name: parsed.folder };
  }
  const { openRemote } = await importOptional(() => import("./remote.ts")); // The AI SDK takes a while to load.
  return openRemote(parsed, options);
}
