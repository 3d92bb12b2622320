/**
 * Data folders over HTTP, under `api/data/`:
 *
 *     GET  /                                      -> [{ name, path }]
 *     GET  /NAME                                  -> { count, questions, notices }
 *     GET  /NAME/find?task=...&axis.crossings=3   -> { count, facets }
 *     GET  /NAME/items?from=0&count=60&...        -> [{ index, row, question }]
 *     GET  /NAME/pictures/INDEX?side=192          -> a picture, with the size of the whole in headers
 *     POST /NAME/labels                           -> { file, command }
 *
 * Names are of the folders that the server was given; pictures are found below them by real path.
 */
import { type Context, Hono } from "hono";
import { BoundedCache } from "../../common/bounded-cache.ts";
import { UserError } from "../../common/errors.ts";
import { plainRegion } from "../page/data/edits.ts";
import { type Filter, filterOf } from "../page/data/filter.ts";
import type { Found } from "../page/data/table.ts";
import { readJsonBody } from "./bodies.ts";
import { editsSchema, saveLabels } from "./data/labels.ts";
import { type DataPlace, type OpenedData, openData } from "./data/opened.ts";
import { addOutcomes } from "./data/run-folders.ts";
import { createThumbnails, type ServedPicture } from "./data/thumbnails.ts";
import { notFound } from "./errors.ts";

export { dataPlaces } from "./data/opened.ts";

export interface DataAppOptions {
  readonly places: readonly DataPlace[];
  /** Run folders of evaluations, or folders that hold some: who answered what right is a condition then. */
  readonly evaluations?: readonly string[];
}

/** Bytes of labels that are saved at once. */
const MOST_LABELS = 2 ** 25;
/** Items of one answer. */
const MOST_ITEMS = 500;
const sides = { least: 16, most: 1024 };

export function createDataApp({ places, evaluations = [] }: DataAppOptions): Hono {
  const app = new Hono();
  const opened = new BoundedCache<string, OpenedData>({ name: "data folders", limit: 4 });
  const founds = new BoundedCache<string, Found>({ name: "filters", limit: 64 });
  const thumbnails = createThumbnails();
  const dataOf = (context: Context) => {
    const name = context.req.param("name");
    const place = places.find((one) => one.name === name);
    if (place === undefined) throw notFound(`data folder ${JSON.stringify(name)}`);
    return opened.getOrMake(place.name, async () => {
      const data = await openData(place);
      if (data.hash !== undefined) await addOutcomes(data.table, data.hash, evaluations);
      return data;
    });
  };
  const find = (data: OpenedData, filter: Filter) =>
    founds.getOrMakeNow(`${data.name}\0${JSON.stringify(filter)}`, () => data.table.find(filter));
  app.get("/", (context) => context.json(places.map(({ name, path }) => ({ name, path }))));
  app.get("/:name", async (context) => {
    const { table, notices, path } = await dataOf(context);
    return context.json({ path, count: table.length, questions: table.questions, notices });
  });
  app.get("/:name/find", async (context) => {
    const { count, facets } = find(await dataOf(context), filterIn(context));
    return context.json({ count, facets });
  });
  app.get("/:name/items", async (context) => {
    const data = await dataOf(context);
    const from = wholeIn(context, "from", 0, 0, Number.MAX_SAFE_INTEGER);
    const hits = find(data, filterIn(context)).hits(from, wholeIn(context, "count", 60, 1, MOST_ITEMS));
    return context.json(
      hits.map(({ row, question }) => ({ index: row, row: plainRow(data, row), question })),
    );
  });
  app.get("/:name/pictures/:index", async (context) => {
    const { store, folder } = await dataOf(context);
    const index = Number(context.req.param("index"));
    if (!(Number.isInteger(index) && index >= 0 && index < store.length))
      throw notFound(`item ${context.req.param("index")}`);
    const { fileName } = store.get(index);
    const { signal } = context.req.raw;
    const side = context.req.query("side");
    const served =
      side === undefined
        ? await thumbnails.picture(folder, fileName, signal)
        : await thumbnails.thumbnail(
            folder,
            fileName,
            wholeIn(context, "side", 192, sides.least, sides.most),
            signal,
          );
    return pictureAnswer(served);
  });
  app.post("/:name/labels", async (context) => {
    const { edits } = await readJsonBody(context, editsSchema, MOST_LABELS);
    return context.json(await saveLabels(await dataOf(context), edits));
  });
  return app;
}

/** Masks go over the line as text. */
function plainRow({ store }: OpenedData, index: number) {
  const { questions, concepts, ...row } = store.get(index);
  return {
    ...row,
    questions: questions.map((one) => ({ ...one, regions: one.regions.map(plainRegion) })),
    concepts: concepts.map((one) => ({ ...one, regions: one.regions.map(plainRegion) })),
  };
}

function pictureAnswer({ bytes, type, size }: ServedPicture): Response {
  return new Response(bytes, {
    headers: {
      "Content-Type": type,
      "Cache-Control": "private, max-age=600",
      "Picture-Width": String(size.width),
      "Picture-Height": String(size.height),
    },
  });
}

function filterIn(context: Context): Filter {
  return filterOf(Object.entries(context.req.query()));
}

function wholeIn(context: Context, name: string, usual: number, least: number, most: number): number {
  const given = context.req.query(name);
  const value = given === undefined ? usual : Number(given);
  if (Number.isInteger(value) && value >= least) return Math.min(value, most);
  throw new UserError(
    `data: ${name} must be a whole number of at least ${least}, got ${JSON.stringify(given)}`,
  );
}
