/**
 * The prompts' keys and values where programs run: of the cache the large part, which no step changes. Where arrays can stay on
 * the device they are brought there once for all steps, and released when the answers are done.
 */
import { mapValues } from "../../common/map-values.ts";
import type { HostArray } from "../../engine/host.ts";
import type { ArrayPlace, RuntimeArray } from "../../engine/runtime/runtime.ts";
import type { PartedColumns } from "../../nn/attend-cache.ts";
import type { KeptLayer } from "../decoder/layer.ts";

type Floats = HostArray<"float32">;

export interface DeviceCache {
  /** The layers as a step takes them. */
  placed(layers: readonly KeptLayer<Floats>[]): Promise<readonly KeptLayer<Floats>[]>;
  /** Gives back what is kept on the device. */
  dispose(): void;
}

export function openDeviceCache(place: ArrayPlace): DeviceCache {
  const there = new Map<Floats, RuntimeArray>();
  const release = (stays: (array: Floats) => boolean) => {
    for (const [array, copy] of there) {
      if (stays(array)) continue;
      there.delete(array);
      if (copy !== array) place.release(copy);
    }
  };
  return {
    async placed(layers) {
      if (!place.handles) return layers;
      const shared = new Set(layers.flatMap((layer) => Object.values(layer).flatMap(sharedOf)));
      release((array) => shared.has(array));
      for (const array of shared) if (!there.has(array)) there.set(array, await place.upload(array));
      return layers.map((layer) =>
        mapValues(layer, (kept) => (isParted(kept) ? withShared(kept, there) : kept)),
      );
    },
    dispose: () => release(() => false),
  };
}

function isParted(kept: Floats | PartedColumns<Floats>): kept is PartedColumns<Floats> {
  return "shared" in kept;
}

function sharedOf(kept: Floats | PartedColumns<Floats>): Floats[] {
  return isParted(kept) ? [kept.shared] : [];
}

function withShared(
  kept: PartedColumns<Floats>,
  there: ReadonlyMap<Floats, RuntimeArray>,
): PartedColumns<Floats> {
  return { ...kept, shared: there.get(kept.shared) as Floats };
}
