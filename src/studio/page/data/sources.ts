/** Which data sets there are to be chosen from, and how an address names them. */
import { UserError } from "../../../common/errors.ts";
import { drawnTaskNames, isDrawnTask } from "../../../data/tasks/drawn-registry.ts";
import type { Setup } from "../studio.ts";
import { drawnSet, madeSource, sceneSet } from "./made-source.ts";
import { openServerSource, serverFolders } from "./server-source.ts";
import type { DataSource } from "./source.ts";

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
