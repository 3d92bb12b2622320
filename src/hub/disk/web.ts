/** `#disk` in a page: nothing is written, and nothing lies in files with paths. */
import { UserError } from "../../common/errors.ts";
import { filesByName, readFolderFiles } from "../folder.ts";
import { baseBeside } from "../weights/base.ts";
import type { Disk, ModelFolder } from "./disk.ts";

const refused = (what: string) => async () => {
  throw new UserError(`a page cannot ${what}; this needs Node`);
};

export const disk: Disk = {
  bytesOf: refused("read files by their paths"),
  stampOf: async () => undefined,
  quantisedTensors: refused("keep weights in a file of the cache"),
  writeModel: refused("write folders"),
  writeAdapter: refused("write folders"),
  mustBeWritable: refused("write folders"),
  filesBeside,
  hubModel: async () => undefined,
  baseOf: baseBeside,
};

/** Of a server, which does not tell what else it has: the files that are read of a model. */
async function filesBeside(folder: string): Promise<ModelFolder["files"]> {
  const { config: _, ...files } = await readFolderFiles(folder);
  return filesByName(files);
}
