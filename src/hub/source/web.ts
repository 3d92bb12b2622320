/** `#source` in a page, which has no folders: a text is an address, as seen from the page. */
import type { SourceMaker } from "./given.ts";
import { httpSource } from "./http.ts";

const addressOf = (text: string) => new URL(text, globalThis.location?.href);

export const { sourceOf, fileOf }: SourceMaker = {
  sourceOf: (given) => (typeof given === "string" ? httpSource(addressOf(given)) : given),
  fileOf(text) {
    const address = addressOf(text);
    const path = address.pathname.slice(address.pathname.lastIndexOf("/") + 1);
    return { source: httpSource(new URL(".", address)), path: decodeURIComponent(path) };
  },
};
