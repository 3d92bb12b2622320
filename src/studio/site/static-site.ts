/** Studio as a folder that any static server can serve: the built page, and small models that run in it. */
import { copyFile, cp, mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../common/errors.ts";
import { writeFolderWhole } from "../../common/files.ts";
import { pathInside } from "../../common/inside.ts";
import type { ModelSetup, Setup } from "../page/studio.ts";
import { headerPolicy } from "./policy.ts";

/** A model that is copied beside the page. */
export interface SiteModel {
  readonly folder: string;
  /** As the user named it. */
  readonly given: string;
  readonly title: string;
  readonly note: string;
  /** undefined for an adapter. */
  readonly parameters: number | undefined;
}

export interface StaticSiteOptions {
  /** The folder of the built page. */
  readonly site: string;
  /** Shown side by side at first; none: the first of `shipped`. */
  readonly models: readonly SiteModel[];
  /** Fovea's own models, by their names under `models/`, and how the page calls them: those shown first, then others. */
  readonly shipped: ReadonlyMap<string, string>;
  readonly setup: Pick<Setup, "models" | "others">;
  readonly replace: boolean;
}

/** WebAssembly addresses 4 GiB, weights are float32 there, and a program holds them once more. */
const mostParameters = 300e6;

/** Throws a UserError for a model that no page can hold, and where the folder is there already. */
export async function writeStaticSite(out: string, options: StaticSiteOptions): Promise<void> {
  const { site, models, shipped, setup, replace } = options;
  for (const model of models) mustFitInPage(model);
  const own = models.map(({ title, note }, i): ModelSetup => {
    return { title, note, folder: `models/${i}/`, runsIn: "page" };
  });
  const written: Setup = {
    server: false,
    assets: "ort/",
    models: own.length > 0 ? own : setup.models,
    others: own.length > 0 ? [...setup.models, ...(setup.others ?? [])] : setup.others,
  };
  const fill = async (folder: string) => {
    await cp(site, folder, { recursive: true });
    for (const [name, from] of shipped) await copyModel(from, join(folder, "models", name));
    for (const [i, model] of models.entries()) await copyModel(model.folder, join(folder, `models/${i}`));
    await writeFile(join(folder, "studio.json"), `${JSON.stringify(written, null, 2)}\n`);
    await writeFile(join(folder, "_headers"), hostHeaders);
  };
  await writeFolderWhole(out, fill, { replace });
}

function mustFitInPage({ given, parameters }: SiteModel): void {
  if (parameters === undefined)
    throw new UserError(`studio: ${given} is an adapter; make one model of it first: fovea merge ${given}`);
  if (parameters <= mostParameters) return;
  const [got, most] = [parameters, mostParameters].map((count) => `${Math.round(count / 1e6)} million`);
  throw new UserError(
    `studio: ${given} must have at most ${most} parameters to run in a page, got ${got}; without --static the server runs it`,
  );
}

/** The files of a model, not what lies in folders beside them; links of a cache lead to their files. */
async function copyModel(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const name of await readdir(from)) {
    if (name.startsWith(".") || (await stat(join(from, name))).isDirectory()) continue;
    await copyFile(await pathInside(from, name, "model"), join(to, name));
  }
}

/** For hosts that read such a file (Netlify, Cloudflare Pages): WebAssembly has threads where the page is isolated. */
const hostHeaders = `/*
  Content-Security-Policy: ${headerPolicy}
  Cross-Origin-Opener-Policy: same-origin
  Cross-Origin-Embedder-Policy: require-corp
  X-Content-Type-Options: nosniff
`;
