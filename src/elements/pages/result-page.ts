/** The pages of `fovea lens --html` and `fovea attend --html`: pictures, and elements with the whole result. */
import { escapeMarkup } from "../../common/markup.ts";
import type { AttendView } from "../views/attend-view.ts";
import type { LensView } from "../views/lens-view.ts";
import { elementPage } from "./page.ts";

/** One picture of the page and what a model says of it. */
export interface PagePicture<View> {
  /** How people call it: its path. */
  readonly name: string;
  /** `data:` address of the picture. */
  readonly address: string;
  readonly result: View;
  /** Painted maps for readers without a script: `data:` addresses and what each shows. */
  readonly painted: readonly { readonly address: string; readonly text: string }[];
}

/** What a page is called, and the model that it shows. */
export interface PageTexts {
  readonly title: string;
  readonly lead: string;
  readonly footer: string;
}

/** What the image tokens of pictures say, as one page. */
export function lensPage(pictures: readonly PagePicture<LensView>[], texts: PageTexts): Promise<string> {
  return resultPage("fovea-lens", pictures, texts);
}

/** Where answers about pictures look, as one page. */
export function attendPage(pictures: readonly PagePicture<AttendView>[], texts: PageTexts): Promise<string> {
  return resultPage("fovea-attend", pictures, texts);
}

function resultPage(
  element: "fovea-lens" | "fovea-attend",
  pictures: readonly PagePicture<unknown>[],
  { title, lead, footer }: PageTexts,
): Promise<string> {
  const sections = pictures.map(({ name, address, painted }, i) => {
    const head = `<figure class="photo"><img id="picture-${i}" src="${escapeMarkup(address)}" alt="The picture ${escapeMarkup(name)}">
<figcaption>${escapeMarkup(name)}</figcaption></figure>`;
    return `<section class="seen">${head}
<div><${element} src="#picture-${i}" data="#result-${i}">${fallback(painted)}</${element}></div></section>`;
  });
  const data = Object.fromEntries(pictures.map(({ result }, i) => [`result-${i}`, [result]]));
  return elementPage({ title, lead, sections, footer: escapeMarkup(footer), data });
}

function fallback(painted: PagePicture<unknown>["painted"]): string {
  const figures = painted.map(
    ({ address, text }) =>
      `<figure><img src="${escapeMarkup(address)}" alt="${escapeMarkup(text)}"><figcaption>${escapeMarkup(text)}</figcaption></figure>`,
  );
  return `<div class="fallback">${figures.join("")}</div>`;
}
