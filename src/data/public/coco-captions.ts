import { z } from "zod";
import type { Question } from "../example.ts";
import { cocoPictures } from "./coco.ts";
import type { PublicFormat, PublicRow } from "./format.ts";
import { placed, readJson } from "./json.ts";
import { pictureFinder } from "./pictures.ts";
import { attempt, checked } from "./rows.ts";

const captionSchema = z.object({
  id: z.int(),
  image_id: z.int(),
  caption: z.string().refine((text) => text.trim() !== "", "must not be empty"),
});

/** COCO's `captions_*.json`: every caption, mostly five a picture, as an answer to the same request. */
export const cocoCaptions: PublicFormat = {
  description: "COCO captions",
  path: "captions_val2017.json",
  origin: "https://cocodataset.org (annotations CC BY 4.0, pictures under the terms of Flickr)",
  options: [],
  async *read(source) {
    const { path, tally } = source;
    const file = await readJson(path, ["images", "annotations"]);
    const [images, annotations] = [tally.list("images"), tally.list("annotations")];
    const captions = new Map<number, Question[]>();
    const values = checked(placed(file.annotations, path, "annotations"), captionSchema, annotations);
    for await (const { value } of values) {
      const list = captions.get(value.image_id) ?? [];
      captions.set(value.image_id, list);
      list.push(captionQuestion(value.caption));
    }
    const find = pictureFinder(source);
    for await (const { place, value } of cocoPictures(file.images, path, images)) {
      const questions = captions.get(value.id) ?? [];
      captions.delete(value.id);
      const parts = { images: 1, annotations: questions.length };
      if (questions.length === 0) {
        images.leaveOut("pictures without a caption");
        continue;
      }
      const row = await attempt(place, images, async (): Promise<PublicRow> => {
        const picture = await find(value.file_name);
        return { place, id: `${value.id}`, picture, size: value, questions, concepts: [], parts };
      });
      if (row !== undefined) yield row;
      else annotations.leaveOut("annotations of a picture that could not be used", questions.length);
    }
    for (const { length } of captions.values())
      annotations.leaveOut("annotations of no picture of the file (orphans)", length);
  },
};

function captionQuestion(caption: string): Question {
  const answer = caption.replace(/\s+/g, " ").trim();
  return { task: "caption", question: "describe the image .", answer, regions: [], answerType: "text" };
}
