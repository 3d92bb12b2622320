import { describe, expect, it } from "vitest";
import { float32, type HostArray } from "../../src/engine/host.ts";
import type { ArrayPlace, RuntimeArray } from "../../src/engine/runtime/runtime.ts";
import { openDeviceCache } from "../../src/models/generate/device-cache.ts";

/** A device whose arrays are counted. */
function counting(handles: boolean) {
  const held = new Set<RuntimeArray>();
  let uploads = 0;
  const place: ArrayPlace = {
    handles,
    overwrites: false,
    async upload({ shape, dtype }) {
      uploads++;
      const array = { shape, dtype, handle: {} };
      held.add(array);
      return array;
    },
    download: () => Promise.reject(new Error("nothing is downloaded")),
    release(array) {
      if (!held.delete(array)) throw new Error("released twice");
    },
  };
  return { place, held: () => held.size, uploads: () => uploads };
}

const array = () => float32([1, 1, 2, 3]);
const layer = (shared: HostArray<"float32">) => ({ keys: { shared, own: array() }, state: array() });

describe("the prompts' columns on a device", () => {
  it("are brought there once for all steps, and the rest is fed as it is", async () => {
    const device = counting(true);
    const cache = openDeviceCache(device.place);
    const layers = [layer(array()), layer(array())];
    const first = await cache.placed(layers);
    const second = await cache.placed(
      layers.map(({ keys, state }) => ({ keys: { ...keys, own: array() }, state })),
    );
    expect([device.uploads(), device.held()]).toEqual([2, 2]);
    expect(first[1].keys).toMatchObject({ shared: { handle: {} }, own: layers[1].keys.own });
    expect(first[1].state).toBe(layers[1].state);
    expect((second[0].keys as { shared: unknown }).shared).toBe(
      (first[0].keys as { shared: unknown }).shared,
    );
    cache.dispose();
    expect(device.held()).toBe(0);
  });

  it("make way for those of a smaller batch", async () => {
    const device = counting(true);
    const cache = openDeviceCache(device.place);
    await cache.placed([layer(array())]);
    await cache.placed([layer(array())]);
    expect([device.uploads(), device.held()]).toEqual([2, 1]);
    cache.dispose();
    cache.dispose();
    expect(device.held()).toBe(0);
  });

  it("stay on the host where arrays cannot stay on the device", async () => {
    const device = counting(false);
    const layers = [layer(array())];
    expect(await openDeviceCache(device.place).placed(layers)).toBe(layers);
    expect(device.uploads()).toBe(0);
  });
});
