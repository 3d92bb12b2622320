import { random } from "../../common/random.ts";
import { maskArea, middlePixel } from "../../grounding/mask.ts";
import type { Region } from "../../grounding/region.ts";
import { frameOf, hundredths, pointNumbers, pointOf } from "../../grounding/text.ts";
import type { Concept, Question } from "../example.ts";
import type { Placed } from "../tables/placed.ts";
import { withArticle } from "../tasks/task.ts";
import {
  type CocoAnnotation,
  type CocoPicture,
  cocoAnnotationSchema,
  cocoCategorySchema,
  cocoPictures,
  regionOf,
  sayStrayFields,
} from "./coco.ts";
import type { PublicFormat, PublicRow, Source } from "./format.ts";
import { placed, readJson } from "./json.ts";
import { checkSize, pictureFacts, pictureFinder } from "./pictures.ts";
import { attempt, checked } from "./rows.ts";
import type { Tally } from "./tally.ts";

/**
 * COCO's `instances_*.json`: for each picture the categories in it as concepts with their masks, for each
 * category a question whether it is there, one about a category that is not, and the name of what is at a
 * point.
 *
 * A crowd is a mask over many objects. By default it is no target, and neither is anything else of its
 * category in that picture: the other masks would not be the whole truth. With `crowd` its mask counts as one
 * object more.
 */
export const cocoInstances: PublicFormat = {
  description: "COCO instance annotations (polygons and run lengths)",
  path: "instances_val2017.json",
  origin: "https://cocodataset.org (annotations CC BY 4.0, pictures under the terms of Flickr)",
  options: ["crowd"],
  async *read(source) {
    const { path, tally } = source;
    const file = await readJson(path, ["images", "annotations", "categories"]);
    const names = await categoryNames(file.categories, source);
    sayStrayFields(file.annotations, "annotations", cocoAnnotationSchema.shape, tally);
    const objects = await objectsByPicture(file.annotations, names, source);
    const find = pictureFinder(source);
    const images = tally.list("images");
    for await (const { place, value } of cocoPictures(file.images, path, images)) {
      const found = objects.get(value.id) ?? [];
      objects.delete(value.id);
      const row = await attempt(place, images, async (): Promise<PublicRow> => {
        const picture = await find(value.file_name);
        if (found.length > 0) checkSize(value, await pictureFacts(picture)); // Before masks of that size are made.
        const all = await located(found, value, source);
        const { unclear, ...questions } = asked(value, all, [...names.values()], tally);
        const parts = { images: 1, annotations: all.length - leaveUnclear(all, unclear, tally) };
        return { place, id: `${value.id}`, picture, size: value, ...questions, parts };
      });
      if (row?.concepts.length === 0) images.leaveOut("pictures with nothing to ask about");
      else if (row !== undefined) yield row;
      else leaveUnread(found, tally, "annotations of a picture that could not be used");
    }
    for (const found of objects.values())
      leaveUnread(found, tally, "annotations of no picture of the file (orphans)");
  },
};

async function categoryNames(
  categories: readonly unknown[],
  { path, tally }: Source,
): Promise<Map<number, string>> {
  const names = new Map<number, string>();
  const list = tally.list("categories");
  for await (const { value } of checked(placed(categories, path, "categories"), cocoCategorySchema, list))
    if (names.has(value.id)) list.leaveOut("categories of an id that an earlier one has");
    else {
      names.set(value.id, value.name);
      list.use();
    }
  return names;
}

interface Found {
  readonly place: string;
  readonly name: string;
  /** Undefined where it cannot be read: something of the category is there, who knows where. */
  readonly annotation: CocoAnnotation | undefined;
}

async function objectsByPicture(
  annotations: readonly unknown[],
  names: ReadonlyMap<number, string>,
  { path, tally }: Source,
): Promise<Map<number, Found[]>> {
  const objects = new Map<number, Found[]>();
  const list = tally.list("annotations");
  const add = (picture: number, found: Found) => {
    const known = objects.get(picture) ?? [];
    objects.set(picture, known);
    known.push(found);
  };
  const keepUnread = ({ place, value }: Placed) => {
    const known = cocoAnnotationSchema.pick({ image_id: true, category_id: true }).safeParse(value).data;
    const name = names.get(known?.category_id ?? Number.NaN);
    if (known !== undefined && name !== undefined)
      add(known.image_id, { place, name, annotation: undefined });
  };
  const values = checked(placed(annotations, path, "annotations"), cocoAnnotationSchema, list, keepUnread);
  for await (const { place, value: annotation } of values) {
    const name = names.get(annotation.category_id);
    if (name !== undefined) add(annotation.image_id, { place, name, annotation });
    else list.bad(place, `category_id: ${annotation.category_id} is no category of the file`, "category_id");
  }
  return objects;
}

/** Leaves out those that are not bad already. */
function leaveUnread(found: readonly Found[], tally: Tally, reason: string): void {
  tally
    .list("annotations")
    .leaveOut(reason, found.filter(({ annotation }) => annotation !== undefined).length);
}

/** Leaves out objects whose category is no target in their picture; gives how many of all are not used. */
function leaveUnclear(all: readonly Located[], unclear: ReadonlySet<string>, tally: Tally): number {
  const unused = all.filter(({ name }) => unclear.has(name));
  const good = unused.filter(({ isBad }) => !isBad);
  tally
    .list("annotations")
    .leaveOut("annotations of a crowd, or of a category that is not asked about", good.length);
  return unused.length;
}

interface Located {
  readonly name: string;
  /** A crowd, or one that cannot be read: the regions of its category are not the whole truth. */
  readonly unclear: boolean;
  /** Counted as bad already. */
  readonly isBad: boolean;
  readonly region: Region;
}

/** The objects with their regions; one whose region cannot be read is counted. */
async function located(found: readonly Found[], size: CocoPicture, source: Source): Promise<Located[]> {
  const { options, tally } = source;
  const everywhere = { kind: "box", box: [0, 0, size.width, size.height] } as const;
  const all: Located[] = [];
  for (const { place, name, annotation } of found) {
    const list = tally.list("annotations");
    const region = annotation && (await attempt(place, list, () => regionOf(annotation, size, tally)));
    const crowd = annotation?.iscrowd === 1 && !options.crowd;
    const isBad = region === undefined;
    all.push({ name, unclear: crowd || isBad, isBad, region: region ?? everywhere });
  }
  return all;
}

function asked(
  size: CocoPicture,
  all: readonly Located[],
  names: readonly string[],
  tally: Tally,
): { questions: Question[]; concepts: Concept[]; unclear: ReadonlySet<string> } {
  const unclear = new Set(all.filter((object) => object.unclear).map(({ name }) => name));
  tally.count("categories of a picture with a crowd or a bad object, not asked about", unclear.size);
  const present = [...new Set(all.map(({ name }) => name))].filter((name) => !unclear.has(name));
  const there = new Set(all.map(({ name }) => name));
  const others = names.filter((name) => !there.has(name));
  const absent = random("coco", size.id).shuffle(others).slice(0, present.length);
  const named = Map.groupBy(all, ({ name }) => name);
  const regions = (word: string) => (named.get(word) ?? []).map(({ region }) => region);
  const isCrowded = present.length * all.length > maxPointTests;
  if (isCrowded) tally.count("pictures with too many objects to ask what is at a point");
  return {
    unclear,
    concepts: [...present, ...absent].map((word) => ({ word, regions: regions(word) })),
    questions: [
      ...present.map((word) => presence(word, "yes", regions(word))),
      ...absent.map((word) => presence(word, "no", [])),
      ...(isCrowded ? [] : present.flatMap((word) => naming(word, regions(word), all, size))),
    ],
  };
}

/** Looks whether one object of a picture covers a point of another; COCO's own pictures take up to 1,500. */
const maxPointTests = 1_000_000;

function presence(word: string, answer: string, regions: Question["regions"]): Question {
  return {
    task: "presence",
    question: `is there ${withArticle(word)} ?`,
    answer,
    regions,
    answerType: "yes-no",
  };
}

/** "what is at 34 71 ?": a point in the largest mask of a category, where no other object lies. */
function naming(
  word: string,
  own: readonly Region[],
  all: readonly Located[],
  size: CocoPicture,
): Question[] {
  const masks = own.flatMap((region) => (region.kind === "mask" ? [{ region, area: maskArea(region) }] : []));
  const largest = masks.sort((a, b) => b.area - a.area)[0]?.region;
  if (largest === undefined) return [];
  const frame = frameOf(size);
  const numbers = pointNumbers(middlePixel(largest), hundredths, frame);
  const [text, [x, y]] = [numbers.join(" "), numbers.map(Number)];
  const point = pointOf([x, y], hundredths, frame);
  if (!holds(largest, point) || all.some(({ region }) => region !== largest && holds(region, point)))
    return [];
  const question = `what is at ${text} ?`;
  return [{ task: "naming", question, answer: word, regions: [largest], answerType: "text" }];
}

function holds(region: Region, [x, y]: readonly [number, number]): boolean {
  if (region.kind === "box") {
    const [x0, y0, x1, y1] = region.box;
    return x >= x0 && x < x1 && y >= y0 && y < y1;
  }
  if (region.kind !== "mask") return false;
  const index = Math.floor(x) * region.size[0] + Math.floor(y);
  let at = 0;
  return region.counts.some((run, i) => {
    at += run;
    return i % 2 === 1 && index < at && index >= at - run;
  });
}
