/** Adding to a file of a run. */
import { constants, open } from "node:fs/promises";

/** Does not make the file: where it was taken away, the run is over. */
export async function append(path: string, text: string): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_APPEND;
  const file = await open(path, flags);
  await file.appendFile(text).finally(() => file.close());
}
