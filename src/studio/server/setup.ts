/** What a server of Studio shows: the models side by side, and where the page finds them. */
import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { demoModels } from "../../eval/demo/config.ts";
import { twinsRoot } from "../../eval/demo/twins.ts";
import { modelFolder } from "../../hub/net/cache.ts";
import type { ModelSetup } from "../page/studio.ts";
import { describeModel, describeTwin } from "./describe.ts";

/** Models of Fovea's own that the page opens where a room needs one, by their names under `models/`. */
const others = ["line-tracing"];

/** The folders under `models/`, by their names. */
export function pageModels(): ReadonlyMap<string, string> {
  const root = twinsRoot();
  const twins = demoModels.map(({ folder }) => [twinName(folder), join(root, folder)] as const);
  const more = others.map((name) => [name, join(root, "checkpoints", name)] as const);
  return new Map([...twins, ...more.filter(([, folder]) => existsSync(folder))]);
}

const twinName = (folder: string) => folder.slice(folder.lastIndexOf("/") + 1);

/** The two models of the demo, in the page. */
export async function twinSetup(): Promise<ModelSetup[]> {
  const root = twinsRoot();
  return Promise.all(
    demoModels.map(async ({ folder }) => {
      const { title, note } = await describeTwin(join(root, folder));
      const place = `models/${twinName(folder)}/`;
      return { title, note, folder: place, given: nearPath(join(root, folder)), runsIn: "page" as const };
    }),
  );
}

/** As one writes it here. */
function nearPath(path: string): string {
  const way = relative("", path);
  return way.startsWith("..") ? path : way;
}

export interface GivenModel {
  /** As the user named it. */
  readonly given: string;
  readonly folder: string;
  readonly title: string;
  readonly note: string;
  readonly parameters: number | undefined;
}

/** Models of the user's own. Throws a UserError for what is none. */
export function givenModels(names: readonly string[]): Promise<GivenModel[]> {
  return Promise.all(
    names.map(async (given) => {
      const folder = await modelFolder(given);
      return { given, folder, ...(await describeModel(folder)) };
    }),
  );
}

/** Where they run in the server's threads: the nth is `api/models/n/`. */
export function serverSetup(models: readonly GivenModel[]): ModelSetup[] {
  return models.map(({ title, note, given }, i) => ({
    title,
    note,
    folder: `api/models/${i}/`,
    given,
    runsIn: "server" as const,
  }));
}
