/**
 * What decodes pictures: `#pictures` is image-file.ts (sharp) on a machine and web.ts in a page. Both make the same of a
 * picture: upright, transparent parts on white, profiles ignored.
 */
import type { RgbImage } from "../../common/image.ts";

export interface Pictures {
  /** A picture file's bytes; `name` stands for it in errors. Throws a UserError for what is damaged, too large or none. */
  decodeImage(source: Uint8Array | Blob, name?: string): Promise<RgbImage>;
}
