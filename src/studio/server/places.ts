/** Folders of this machine that the page may look into, and their apps. Nothing outside of them is read. */
import type { Hono } from "hono";
import type { Setup } from "../page/studio.ts";
import { createDataApp, dataPlaces } from "./data.ts";

export interface PlaceOptions {
  /** Data folders, or the tables in them. */
  readonly data: readonly string[];
}

export interface Places {
  /** By their names under `api/`. */
  readonly parts: Readonly<Record<string, Hono>>;
  readonly setup: Pick<Setup, "data" | "runs" | "boards">;
}

/** Throws a UserError for a folder that is none. */
export async function openPlaces({ data }: PlaceOptions): Promise<Places> {
  const places = (await Promise.all(data.map(dataPlaces))).flat();
  return {
    parts: places.length > 0 ? { data: createDataApp({ places }) } : {},
    setup: places.length > 0 ? { data: places.map(({ name }) => name) } : {},
  };
}
