/** Maps as a reply has them: see the schemas. */
import type { MapsReply } from "./schemas.ts";

export type { MapsReply } from "./schemas.ts";

/** A map as numbers, or as a picture. */
export type PaintedMap = Pick<
  NonNullable<MapsReply["lens"]>["concepts"][number]["layers"][number],
  "values" | "picture"
>;
