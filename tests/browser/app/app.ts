/** A program of a user's: one map of one picture, on its canvas. What it found is on the document, for the test. */
import { ask, conceptMap, drawPicture, openVlm, paintOver, readPicture } from "fovea/web";

const {
  model: folder,
  picture: address,
  word,
  assets,
} = Object.fromEntries(new URL(location.href).searchParams);

const model = await openVlm(folder, { machine: assets === undefined ? {} : { assets } });
const picture = await readPicture(await (await fetch(address)).blob());
const map = await conceptMap(model, picture, word);
drawPicture(document.querySelector("canvas") as HTMLCanvasElement, paintOver(picture, map));
const { text } = await ask(model, picture, `where is the ${word} ?`);
Object.assign(document.body.dataset, { values: JSON.stringify([...map.values]), text, ready: "" });
