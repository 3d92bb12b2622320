/** One HTML page with elements in it: a file that needs nothing else, in the look of all pages of Fovea. */
import { type HtmlPage, htmlPage } from "../../common/markup.ts";
import { reportScript, tokensCss } from "../build/script.ts";
import { pageRules } from "./style.ts";

/** The page; `style` are rules beside those of all pages. Without a script the page shows its pictures and tables. */
export async function elementPage(
  page: Omit<HtmlPage, "style" | "script"> & { readonly style?: string },
): Promise<string> {
  const [tokens, script] = await Promise.all([tokensCss(), reportScript()]);
  return htmlPage({ ...page, style: `${tokens}${pageRules}${page.style ?? ""}`, script });
}
