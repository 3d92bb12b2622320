import { z } from "zod";
import { frameOf, hundredths, pointText } from "../../grounding/text.ts";
import type { Question } from "../example.ts";
import { openParquet } from "../tables/parquet.ts";
import type { Placed } from "../tables/placed.ts";
import { pictureStore } from "./download.ts";
import type { PublicFormat, PublicRow, Size, Source } from "./format.ts";
import { pictureFacts, sourceFiles } from "./pictures.ts";
import { attempt, bad, checked, countUnread, idOf, turnAhead } from "./rows.ts";
import type { Tally } from "./tally.ts";

/**
 * Coordinates are in hundredths of the picture's sides (the card says pixels; Molmo reads them on a scale of
 * 100).
 */
const rowSchema = z.object({
  image_url: z.url({ protocol: /^https?$/ }),
  image_sha256: z.string().regex(/^[0-9a-f]{64}$/i, "must be 64 hexadecimal digits"),
  points: z.array(z.object({ x: z.number(), y: z.number() })),
  label: z.string().refine((text) => text.trim() !== "", "must not be empty"),
  count: z.int().min(0).nullish(),
  collection_method: z.string().nullish(),
});
type PixmoRow = z.output<typeof rowSchema>;

/** pixmo-points-eval has no such columns. */
const extras = ["count", "collection_method"];

/**
 * PixMo-Points (Deitke et al. 2024): all points of what a label names, or none; pictures are fetched by their
 * URL.
 */
export const pixmoPoints: PublicFormat = {
  description: "PixMo-Points: parquet, with pictures downloaded by their URL",
  path: "a parquet file or folder",
  origin: "https://huggingface.co/datasets/allenai/pixmo-points (ODC-BY; pictures belong to their owners)",
  options: ["cache", "concurrency", "maxBytes"],
  async *read(source) {
    const fetchPicture = pictureStore(source.options);
    for (const path of await sourceFiles(source.path, [".parquet"])) {
      const file = await openParquet(path);
      const columns = Object.keys(rowSchema.shape).filter(
        (name) => !extras.includes(name) || file.columns.includes(name),
      );
      const rows = checked(file.rows(columns, countUnread(source.tally)), rowSchema, source.tally);
      const read = (row: Placed<PixmoRow>) => readRow(row, fetchPicture, source);
      for await (const row of turnAhead(rows, source.options.concurrency ?? 8, read))
        if (row !== undefined) yield row;
    }
  },
};

function readRow(
  { place, value }: Placed<PixmoRow>,
  fetchPicture: ReturnType<typeof pictureStore>,
  { tally }: Source,
): Promise<PublicRow | undefined> {
  return attempt(place, tally, async () => {
    if (value.count != null && value.count !== value.points.length)
      throw bad("count", `must be the number of points, ${value.points.length}, got ${value.count}`);
    const picture = { file: await fetchPicture(value.image_url, value.image_sha256.toLowerCase()) };
    const question = pointQuestion(value, await pictureFacts(picture), tally);
    return { place, id: idOf(place), picture, questions: [question], concepts: [] };
  });
}

function pointQuestion({ label, points, collection_method }: PixmoRow, size: Size, tally: Tally): Question {
  const inPixels = points.map(
    ({ x, y }) => [pixel(x, size.width, tally), pixel(y, size.height, tally)] as const,
  );
  return {
    task: "pointing",
    question: `point to every ${label.trim()} .`,
    answer:
      inPixels.length === 0
        ? "none"
        : inPixels.map((point) => pointText(point, hundredths, frameOf(size))).join(", "),
    regions: inPixels.length === 0 ? [] : [{ kind: "points", points: inPixels }],
    answerType: "points",
    difficulty: { count: points.length, ...(collection_method && { collection: collection_method }) },
  };
}

/** Within the picture: a point on its far border is in no pixel. */
function pixel(hundredths: number, side: number, tally: Tally): number {
  if (hundredths < 0 || hundredths > 100) tally.count("coordinates of points moved to the border");
  return Math.min(side - 0.01, Math.max(0, (hundredths * side) / 100));
}
