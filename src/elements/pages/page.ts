/** One HTML page with elements in it: a file that needs nothing else, in the look of all pages of Fovea. */
import { type HtmlPage, htmlPage } from "../../common/markup.ts";
import { reportScript, tokensCss } from "../build/script.ts";
import { pageRules } from "./style.ts";

/** The page; `style` are rules beside those of all pages. Without elements in it, it has no script. */
export async function elementPage(
  page: Omit<HtmlPage, "style" | "script"> & { readonly style?: string },
): Promise<string> {
  // Texts of others are escaped: an element stands there because a page has put it there.
  const hasElements = page.sections.some((section) => section.includes("<fovea-"));
  const [tokens, script] = await Promise.all([tokensCss(), hasElements ? reportScript() : undefined]);
  return htmlPage({ ...page, style: `${tokens}${pageRules}${page.style ?? ""}`, script });
}
