import { basename, dirname, extname, join } from "node:path";
import { z } from "zod";
import { mustBe, UserError } from "../../common/errors.ts";
import { readRegular } from "../../common/inside.ts";
import { boxText, frameOf, hundredths } from "../../grounding/text.ts";
import type { Question } from "../example.ts";
import { openParquet, type ParquetFile } from "../tables/parquet.ts";
import type { Placed } from "../tables/placed.ts";
import { sizeUpTo } from "../tables/size.ts";
import { boxOf, type CocoPicture, cocoAnnotationSchema, cocoPictures, cutBox } from "./coco.ts";
import type { PublicFormat, PublicRow, Size, Source } from "./format.ts";
import { placed, readJson } from "./json.ts";
import { oddKey, readPickle } from "./pickle.ts";
import { pictureFacts, pictureFinder, sourceFiles } from "./pictures.ts";
import { attempt, bad, checked, countUnread } from "./rows.ts";
import type { Tally } from "./tally.ts";

/**
 * RefCOCO, RefCOCO+ and RefCOCOg: expressions that each fit one object, asked for its box. Read from the
 * original `refs(unc|google|umd).p` with `instances.json` (Kazemzadeh et al. 2014, Yu et al. 2016, Mao et al.
 * 2016), or from either of the parquet forms in use on the hub.
 */
export const refCoco: PublicFormat = {
  description: "RefCOCO, RefCOCO+ and RefCOCOg: refs(...).p with instances.json, or parquet",
  path: "refs(unc).p, or a parquet file or folder",
  origin: "https://github.com/lichengunc/refer (pictures of COCO train2014, under the terms of Flickr)",
  options: ["split", "instances"],
  async *read(source) {
    const files = await sourceFiles(source.path, [".parquet"]);
    for (const file of files)
      yield* extname(file) === ".parquet" ? readHub(file, source) : readOriginal(file, source);
  },
};

const sentence = z.object({ sent: z.string().refine((text) => text.trim() !== "", "must not be empty") });

const refSchema = z.object({
  ref_id: z.int(),
  ann_id: z.int(),
  image_id: z.int(),
  split: z.string(),
  sentences: z.array(sentence).min(1),
});
type Ref = z.output<typeof refSchema>;

async function* readOriginal(path: string, source: Source): AsyncGenerator<PublicRow> {
  const { options, tally } = source;
  const bytes = await readRegular(path, path, MOST_BYTES);
  const refs = readPickle(bytes, path);
  if (!Array.isArray(refs)) throw mustBe(path, "content", "a list of refs", typeof refs);
  const instances = options.instances ?? join(dirname(path), "instances.json");
  const { pictures, boxes } = await readInstances(instances, source);
  const list = tally.list("refs");
  const byPicture = new Map<number, Placed<Ref>[]>();
  const sound = soundRefs(placed(refs, path, "refs"), bytes.length, list);
  for await (const ref of checked(sound, refSchema, list)) {
    const known = byPicture.get(ref.value.image_id);
    if (options.split !== undefined && ref.value.split !== options.split)
      list.leaveOut("refs of another split");
    else if (known === undefined) byPicture.set(ref.value.image_id, [ref]);
    else known.push(ref);
  }
  const find = pictureFinder(source);
  for (const [id, all] of byPicture) {
    const place = all[0].place;
    const size = pictures.get(id);
    const problem = `image_id: ${id} is no image of ${basename(instances)}`;
    if (size === undefined) for (const ref of all) list.bad(ref.place, problem, "image_id");
    else {
      const asked = await Promise.all(all.map((ref) => refQuestions(ref, size, boxes, source)));
      const good = asked.filter((questions) => questions !== undefined);
      if (good.length === 0) continue;
      const picture = await attempt(place, list, () => find(size.file_name));
      if (picture === undefined)
        list.leaveOut("refs of a picture or row that could not be used", good.length - 1);
      else {
        const questions = good.flat();
        yield { place, id: `${id}`, picture, size, questions, concepts: [], parts: { refs: good.length } };
      }
    }
  }
}

/** The largest `refs(...).p` that is read; the published ones have up to 60 MB. */
const MOST_BYTES = 512 * 2 ** 20;

/** What refs may hold for each byte of their file, where they refer to the same values. */
const SHARED = 8;

/** The refs whose dicts have keys of data, and which together are no more than their file can mean to say. */
function* soundRefs(refs: Iterable<Placed>, bytes: number, list: Tally): Generator<Placed> {
  let left = SHARED * bytes + 2 ** 16;
  for (const ref of refs) {
    const key = oddKey(ref.value);
    const size = key === undefined && left > 0 ? sizeUpTo(ref.value, left) : 0;
    if (key === undefined && size <= left && left > 0) {
      left -= size;
      yield ref;
      continue;
    }
    list.read();
    if (key !== undefined) list.bad(ref.place, `keys must be texts, got ${key}`, "keys");
    else {
      left = 0;
      list.bad(ref.place, `must hold what the file holds, got values that are in it over and over`, "size");
    }
  }
}

/** The pictures and the boxes of `instances.json`, by their ids. */
async function readInstances(path: string, { tally }: Source) {
  const file = await readJson(path, ["images", "annotations"]);
  const pictures = new Map<number, CocoPicture>();
  const boxes = new Map<number, z.output<typeof cocoAnnotationSchema>["bbox"]>();
  const [images, list] = [tally.list("images"), tally.list("annotations")];
  for await (const { value } of cocoPictures(file.images, path, images)) {
    pictures.set(value.id, value);
    images.use();
  }
  const annotations = checked(placed(file.annotations, path, "annotations"), cocoAnnotationSchema, list);
  for await (const { value } of annotations) {
    boxes.set(value.id, value.bbox);
    list.use();
  }
  return { pictures, boxes };
}

/** Undefined for a ref that is bad. */
function refQuestions(
  { place, value: ref }: Placed<Ref>,
  size: Size,
  boxes: ReadonlyMap<number, readonly [number, number, number, number]>,
  { tally }: Source,
): Promise<Question[] | undefined> {
  return attempt(place, tally.list("refs"), () => {
    const bbox = boxes.get(ref.ann_id);
    if (bbox === undefined) throw bad("ann_id", `${ref.ann_id} is no annotation of the instances`);
    const expressions = ref.sentences.map(({ sent }) => sent);
    return expressionQuestions(expressions, boxOf(bbox, size, tally).box, size, ref.split);
  });
}

function expressionQuestions(
  expressions: readonly string[],
  box: readonly [number, number, number, number],
  size: Size,
  split: string | undefined,
): Question[] {
  return expressions.map((expression) => ({
    task: "referring",
    question: `where is ${expression.trim()} ?`,
    answer: boxText(box, hundredths, frameOf(size)),
    regions: [{ kind: "box", box }],
    answerType: "box",
    ...(split !== undefined && { difficulty: { split } }),
  }));
}

/** A table of expressions on the hub: the columns that tell it from others, and what a row of it says. */
interface HubForm<T extends z.ZodType = z.ZodType> {
  readonly schema: T;
  read(row: z.output<T>, place: string, source: Source, split: string | undefined): Promise<PublicRow>;
}

const fourNumbers = z.tuple([z.number(), z.number(), z.number(), z.number()]);

/** As jxu124/refcoco, refcocoplus and refcocog: the refs with `bbox` as corners, and paths of pictures. */
const referredPaths = hubForm({
  schema: z.object({
    ref_id: z.int(),
    split: z.string(),
    sentences: z.array(sentence).min(1),
    image_path: z.string().min(1),
    bbox: fourNumbers,
  }),
  async read(row, place, source) {
    const picture = await pictureFinder(source)(row.image_path);
    const size = await pictureFacts(picture);
    const box = cutBox(row.bbox, size, source.tally);
    const expressions = row.sentences.map(({ sent }) => sent);
    const questions = expressionQuestions(expressions, box, size, row.split);
    return { place, id: `${row.ref_id}`, picture, questions, concepts: [] };
  },
});

/** Published with two decimals, stored in 32 bits. */
const hundredth = z.number().transform((value) => Math.round(100 * value) / 100);

/**
 * As lmms-lab/RefCOCO, RefCOCOplus and RefCOCOg: `bbox` as COCO has it, expressions as answers, pictures
 * inside.
 */
const answeredPictures = hubForm({
  schema: z.object({
    question_id: z.string().min(1),
    answer: z.array(z.string().min(1)).min(1),
    bbox: z.tuple([hundredth, hundredth, hundredth, hundredth]),
    image: z.object({ bytes: z.instanceof(Uint8Array) }),
    file_name: z.string(),
  }),
  async read(row, place, { tally }, split) {
    const picture = { bytes: row.image.bytes };
    const size = await pictureFacts(picture);
    const questions = expressionQuestions(row.answer, boxOf(row.bbox, size, tally).box, size, split);
    return { place, id: row.question_id, picture, questions, concepts: [] };
  },
});

const hubForms: readonly HubForm[] = [referredPaths, answeredPictures];

function hubForm<S extends z.ZodRawShape>(form: HubForm<z.ZodObject<S>>): HubForm {
  return form as HubForm;
}

async function* readHub(path: string, source: Source): AsyncGenerator<PublicRow> {
  const file = await openParquet(path);
  const { schema, read } = formOf(file, path);
  const wanted = source.options.split;
  const named = /^(\w+)-\d+-of-\d+/.exec(basename(path))?.[1];
  for await (const { place, value } of checked(
    file.rows(columnsOf(schema), countUnread(source.tally)),
    schema,
    source.tally,
  )) {
    const split = (value as { split?: string }).split ?? named;
    if (wanted !== undefined && split !== wanted) {
      source.tally.leaveOut("rows of another split");
      continue;
    }
    const row = await attempt(place, source.tally, () => read(value, place, source, split));
    if (row !== undefined) yield row;
  }
}

function formOf(file: ParquetFile, path: string): HubForm {
  const form = hubForms.find(({ schema }) => columnsOf(schema).every((name) => file.columns.includes(name)));
  if (form !== undefined) return form;
  const known = hubForms.map(({ schema }) => columnsOf(schema).join(", ")).join("; or ");
  throw new UserError(`${path}: columns must be ${known}, got ${file.columns.join(", ")}`);
}

function columnsOf(schema: z.ZodType): string[] {
  return Object.keys((schema as z.ZodObject).shape);
}
