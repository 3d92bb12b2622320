/** The script of HTML reports: the elements that they use, in one file with no further parts. */
import "../fovea-attend.ts";
import "../fovea-compare.ts";
import "../fovea-lens.ts";
import "../fovea-map.ts";
import "../fovea-scale.ts";
import { linkMaps } from "../link-maps.ts";

// Maps of one picture stand beside each other: their cursors are one.
for (const group of document.querySelectorAll<HTMLElement>("[data-linked]")) linkMaps(group);
