/** The base of an adapter whose files have no paths: beside it, among the files that it came with. */
import { UserError } from "../../common/errors.ts";
import type { AdapterBase } from "../disk/disk.ts";
import { type Source, subfolder } from "../source.ts";
import { configName, namedBase } from "./peft.ts";

/**
 * A relative path counts from the adapter's folder or one that holds it, as far up as the files go. Throws a UserError where
 * no base is found there.
 */
export async function baseBeside(adapter: Source): Promise<AdapterBase> {
  const { base: named } = await namedBase(adapter);
  const place = adapter.place(configName);
  const { source, folder } = adapter.within ?? { source: adapter, folder: "" };
  for (const above of ancestors(folder)) {
    const path = resolved([...above, ...named.split("/")]);
    const isBase = path !== undefined && (await source.size(`${path}/config.json`)) !== undefined;
    if (isBase) return { named, source: subfolder(source, path) };
  }
  const hint = "open the model with the base beside it, or give it as the option `base`";
  throw new UserError(`${place}: its base ${named} is not among the files of ${source.place()}; ${hint}`);
}

/** A folder's parts, then those of all that hold it. */
function ancestors(folder: string): string[][] {
  const parts = folder === "" ? [] : folder.split("/");
  return Array.from({ length: parts.length + 1 }, (_, i) => parts.slice(0, parts.length - i));
}

/** Without `.` and `..`; undefined for a path that leads out, or nowhere. */
function resolved(parts: readonly string[]): string | undefined {
  const kept: string[] = [];
  for (const part of parts) {
    if (part === "..") {
      if (kept.pop() === undefined) return undefined;
    } else if (part !== "." && part !== "") kept.push(part);
  }
  const isName = kept.length > 0 && !/[\\\0]/.test(kept.join(""));
  return isName ? kept.join("/") : undefined;
}
