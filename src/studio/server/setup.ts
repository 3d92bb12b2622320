/** What a server of Studio shows: the models side by side, and where the page finds them. */
import { existsSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { demoModels } from "../../eval/demo/config.ts";
import { twinsRoot } from "../../eval/demo/twins.ts";
import { modelFolder } from "../../hub/net/cache.ts";
import type { ModelSetup } from "../page/studio.ts";
import { describeModel, describeTwin, type ModelDescription, trainingBesideLosses } from "./describe.ts";

/** Further models of the repository that a visitor may choose, and that rooms open where they need them. */
const furtherNames = ["ntp-lll", "ntp-klal", "line-tracing"];

/** Folders of Fovea's own models, which are small enough for a page, by their names under `models/`. */
export function pageModels(): ReadonlyMap<string, string> {
  const root = twinsRoot();
  const twins = demoModels.map(({ folder }) => [basename(folder), join(root, folder)] as const);
  return new Map([...twins, ...furtherFolders(root)]);
}

function furtherFolders(root: string): (readonly [name: string, folder: string])[] {
  const all = furtherNames.map((name) => [name, join(root, "checkpoints", name)] as const);
  return all.filter(([, folder]) => existsSync(folder));
}

/** The two models of the demo, in the page. */
export function twinSetup(): Promise<ModelSetup[]> {
  const root = twinsRoot();
  return Promise.all(
    demoModels.map(({ folder }) => pageSetup(basename(folder), join(root, folder), describeTwin)),
  );
}

/** The further ones. */
export function otherSetup(): Promise<ModelSetup[]> {
  return Promise.all(
    furtherFolders(twinsRoot()).map(([name, folder]) => pageSetup(name, folder, describeModel)),
  );
}

async function pageSetup(
  name: string,
  folder: string,
  describe: (folder: string) => Promise<ModelDescription>,
): Promise<ModelSetup> {
  const [{ title, note }, training] = await Promise.all([describe(folder), trainingBesideLosses(folder)]);
  const setup = { title, note, folder: `models/${name}/`, given: nearPath(folder), runsIn: "page" } as const;
  return training === undefined ? setup : { ...setup, training };
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
