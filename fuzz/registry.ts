/** Every reader of files or texts that others made. A new one is an entry in a file of `readers/`. */
import { mustBe } from "../src/common/errors.ts";
import type { Reader } from "./reader.ts";
import { dataReaders } from "./readers/data.ts";
import { modelReaders } from "./readers/models.ts";
import { pictureReaders } from "./readers/pictures.ts";
import { runReaders } from "./readers/runs.ts";
import { serverReaders } from "./readers/servers.ts";
import { textReaders } from "./readers/texts.ts";
import { trainingReaders } from "./readers/training.ts";

export const readers: Readonly<Record<string, Reader>> = {
  ...pictureReaders,
  ...modelReaders,
  ...dataReaders,
  ...runReaders,
  ...trainingReaders,
  ...textReaders,
  ...serverReaders,
};

export function findReader(name: string): Reader {
  if (Object.hasOwn(readers, name)) return readers[name];
  throw mustBe("fuzz", "--reader", `one of ${Object.keys(readers).join(", ")}`, name);
}
