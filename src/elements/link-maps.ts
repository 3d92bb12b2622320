/** Links the cursors of maps: what is pointed at in one is marked at the same place of the picture in all others. */
import { FoveaMap } from "./fovea-map.ts";
import { samePlace } from "./map/fit.ts";

/** Told by a map when it comes into a page. */
export const mapHere = "fovea-map-here";

/**
 * Links all maps below an element, also those inside other elements' shadow roots and those that come later. Grids may
 * differ: a patch is marked that lies at the same place of the picture.
 *
 * @returns Ends the link.
 */
export function linkMaps(root: HTMLElement): () => void {
  const maps = new Set<FoveaMap>(root.querySelectorAll<FoveaMap>("fovea-map"));
  const onHere = (event: Event) => void maps.add(event.composedPath()[0] as FoveaMap);
  const onHover = (event: Event) => {
    const from = event.composedPath()[0];
    if (!(from instanceof FoveaMap)) return;
    const { patch } = (event as CustomEvent<{ patch?: number }>).detail;
    for (const map of maps)
      if (!map.isConnected) maps.delete(map);
      else if (map !== from && !map.still) map.marked = placeIn(map, from, patch);
  };
  root.addEventListener(mapHere, onHere);
  root.addEventListener("fovea-hover", onHover);
  return () => {
    root.removeEventListener(mapHere, onHere);
    root.removeEventListener("fovea-hover", onHover);
  };
}

function placeIn(map: FoveaMap, from: FoveaMap, patch: number | undefined): number | undefined {
  const [own, other] = [map.geometry, from.geometry];
  return patch === undefined || !own || !other ? undefined : samePlace(patch, other, own);
}
