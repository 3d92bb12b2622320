/** `#disk` in a page: nothing is written, and nothing lies in files with paths. */
import { UserError } from "../../common/errors.ts";
import { baseBeside } from "../weights/base.ts";
import type { Disk } from "./disk.ts";

const refused = (what: string) => async () => {
  throw new UserError(`a page cannot ${what}; this needs Node`);
};

export const disk: Disk = {
  bytesOf: refused("read files by their paths"),
  quantisedTensors: refused("keep weights in a file of the cache"),
  writeModel: refused("write folders"),
  baseOf: baseBeside,
};
