/** Parquet files. What reads them is a package of its own, and is loaded when there is one. */
import { importOptional } from "../../common/optional.ts";
import type { ParquetFile } from "./parquet-file.ts";

export type { ParquetFile };

/** Opens a parquet file as `datasets` writes them; throws a `UserError` when it is none. */
export async function openParquet(path: string): Promise<ParquetFile> {
  const { openParquetFile } = await importOptional(() => import("./parquet-file.ts"));
  return openParquetFile(path);
}
