/**
 * Packages that an install may lack: what only one command needs is not installed with the rest, and some of the rest can
 * be left out. Whoever needs one that is missing is told in one line what to install.
 */
import { UserError } from "./errors.ts";

export interface OptionalPackages {
  /** What needs them, as the beginning of a sentence. */
  readonly use: string;
  /** Names with the versions that are asked for; all of them are installed together. */
  readonly packages: Readonly<Record<string, string>>;
  /** Installed unless left out (`npm install --omit=optional`); else only when asked for. */
  readonly byDefault: boolean;
  /** What to add to `npm install`. */
  readonly flag?: string;
}

/** The package of fovea is made of this list, too: see release/manifest.ts. */
export const optionalPackages: readonly OptionalPackages[] = [
  {
    use: "running a model",
    packages: { "onnxruntime-node": "1.30.0" },
    byDefault: true,
    flag: "--ignore-scripts", // Its script fetches CUDA libraries; where that failed, npm left the package out.
  },
  {
    use: "drawing pictures with text",
    packages: { "@napi-rs/canvas": "1", "@fontsource/inter": "5" },
    byDefault: true,
  },
  { use: "composing scenes", packages: { "@lobehub/fluent-emoji-3d": "1" }, byDefault: true },
  {
    use: "composing scenes of flat drawings",
    packages: { "@iconify-json/fluent-emoji-flat": "1", "@iconify-json/noto": "1" },
    byDefault: false,
  },
  {
    use: "composing scenes of other hands' drawings",
    packages: {
      "@iconify-json/noto": "1", // Names of code points for those sets that have none.
      "@iconify-json/twemoji": "1",
      "@iconify-json/openmoji": "1",
      "@iconify-json/emojione": "1",
      "@iconify-json/fxemoji": "1",
      "@iconify-json/streamline-emojis": "1",
    },
    byDefault: false,
  },
  {
    use: "asking a model of a service",
    packages: {
      ai: "7",
      "@ai-sdk/anthropic": "4",
      "@ai-sdk/google": "4",
      "@ai-sdk/openai": "4",
      "@ai-sdk/openai-compatible": "3",
    },
    byDefault: false,
  },
  {
    use: "drawing charts",
    packages: { "@observablehq/plot": "0.6", linkedom: "0.18" },
    byDefault: false,
  },
  {
    use: "reading parquet",
    packages: { hyparquet: "1", "hyparquet-compressors": "1" },
    byDefault: false,
  },
  { use: "running a model in a page", packages: { "onnxruntime-web": "1.30.0" }, byDefault: false },
  { use: "the demo", packages: { "fovea-twins": "0.1" }, byDefault: true },
];

/** What `load` imports, be it a package of the list or a module that imports one; a `UserError` where one is missing. */
export async function importOptional<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    throw missingPackage(error) ?? error;
  }
}

/** The same for what is loaded at once, by `require`. */
export function requireOptional<T>(load: () => T): T {
  try {
    return load();
  } catch (error) {
    throw missingPackage(error) ?? error;
  }
}

/** The line that a package of the list is missing, if that is what the error says. */
export function missingPackage(error: unknown): UserError | undefined {
  const { code, message = "" } = (error ?? {}) as { code?: string; message?: string };
  if (code !== "ERR_MODULE_NOT_FOUND" && code !== "MODULE_NOT_FOUND") return undefined;
  const [, name] = /^Cannot find (?:package|module) '((?:@[^/']+\/)?[^/'@]+)/.exec(message) ?? [];
  const found = optionalPackages.find(({ packages }) => name !== undefined && Object.hasOwn(packages, name));
  return found && new UserError(`${found.use} needs ${name}: ${installLine(found)}`, { cause: error });
}

/** The command that installs them. */
export function installLine({ packages, flag }: OptionalPackages): string {
  const named = Object.entries(packages).map(([name, version]) => `${name}@${version}`);
  return ["npm install", ...(flag === undefined ? [] : [flag]), ...named].join(" ");
}
