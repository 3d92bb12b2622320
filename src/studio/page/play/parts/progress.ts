/** What is being loaded, in words. */
import type { Loading } from "../../../models/model.ts";

/** "model 1.2 of 5.6 MB" */
export function progressText({ what, done, total }: Loading): string {
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
  if (total === undefined) return done === 0 ? what : `${what}, ${megabytes(done)} MB`;
  return `${what}, ${megabytes(done)} of ${megabytes(total)} MB`;
}
