/** Which data sets there are to be chosen from, and how an address names them. */
import { UserError } from "../../../common/errors.ts";
import type { RgbImage } from "../../../common/image.ts";
import { drawnTaskNames, isDrawnTask } from "../../../data/tasks/drawn-registry.ts";
import type { KnownObject, Setup, ShownPicture } from "../studio.ts";
import { conditions, type Filter, filterOf } from "./filter.ts";
import { drawnSet, madeSource, sceneSet } from "./made-source.ts";
import { openServerSource, serverFolders } from "./server-source.ts";
import type { DataSource, Item } from "./source.ts";

export interface SourceChoice {
  /** `server:pets`, `scenes:1`, `line-tracing:1` */
  readonly ref: string;
  readonly label: string;
  readonly group: "folders of the server" | "made in the page";
}

const SEED = 1;

/** Folders of the server first. */
export async function sourceChoices(setup: Setup & { readonly data?: unknown }): Promise<SourceChoice[]> {
  const folders = setup.server && setup.data !== undefined ? await serverFolders() : [];
  return [
    ...folders.map(({ name }): SourceChoice => {
      return { ref: `server:${name}`, label: name, group: "folders of the server" };
    }),
    { ref: `scenes:${SEED}`, label: "composed scenes", group: "made in the page" },
    ...drawnTaskNames.map((name): SourceChoice => {
      return { ref: `${name}:${SEED}`, label: name.replaceAll("-", " "), group: "made in the page" };
    }),
  ];
}

/** Opens what an address names. Throws a `UserError` for a name that is none. */
export async function openSource(ref: string): Promise<DataSource> {
  const at = ref.indexOf(":");
  const [kind, rest] = [ref.slice(0, at), ref.slice(at + 1)];
  if (kind === "server") return openServerSource(rest);
  const seed = Number(rest);
  if (!Number.isInteger(seed) || seed < 0) throw new UserError(`data: ${ref} names no data set`);
  if (kind === "scenes") return madeSource(sceneSet(seed));
  if (isDrawnTask(kind)) return madeSource(drawnSet(kind, seed));
  throw new UserError(`data: ${ref} names no data set`);
}

/** How an address names one picture of a data set: by its place among those that meet a filter. */
export function pictureRef({ ref }: DataSource, filter: Filter, at: number): string | undefined {
  if (ref === undefined) return undefined;
  return `data:${ref}?${new URLSearchParams([["at", String(at)], ...conditions(filter).map(([...pair]) => pair)])}`;
}

/** The picture that {@link pictureRef} names. Throws a `UserError` where there is none. */
export async function readDataRef(ref: string): Promise<ShownPicture> {
  const [name, query = ""] = ref.replace(/^data:/, "").split("?");
  const source = await openSource(name);
  const values = new URLSearchParams(query);
  const [item] = await source.items(filterOf(values), Number(values.get("at")), 1);
  if (item === undefined) throw new UserError(`data: ${ref} names no picture`);
  return shownPicture(item, await source.picture(item), ref);
}

export function shownPicture({ row }: Item, image: RgbImage, ref: string | undefined): ShownPicture {
  const truth = row.concepts.flatMap(({ word, regions }) =>
    regions.map((region): KnownObject => ({ word, region })),
  );
  return { ...(ref !== undefined && { ref }), name: row.fileName, image, ...(truth.length > 0 && { truth }) };
}
