/** A folder of the server: it filters, pages and decodes; the page asks for what it shows. */

import { decodeImage } from "#pictures";
import type { RgbImage } from "../../../common/image.ts";
import { answered } from "../../models/answered.ts";
import { conceptLines, questionLines } from "./edits.ts";
import { conditions, type Facets, type Filter } from "./filter.ts";
import { type RawItem, readItem } from "./items.ts";
import type { DataSource, FoundItems, Item, Thumbnail } from "./source.ts";

interface About {
  readonly path: string;
  readonly count: number;
  readonly questions: number;
  readonly notices: readonly string[];
}

/** The names of the folders that the server has. */
export async function serverFolders(): Promise<readonly { readonly name: string; readonly path: string }[]> {
  return (await answered(fetch("api/data"))).json();
}

export async function openServerSource(name: string): Promise<DataSource> {
  const base = `api/data/${encodeURIComponent(name)}`;
  const get = (path: string, signal?: AbortSignal) =>
    answered(fetch(`${base}${path}`, signal ? { signal } : {}), signal);
  const about = (await (await get("")).json()) as About;
  return {
    ref: `server:${name}`,
    name,
    note: about.path,
    count: about.count,
    notices: about.notices,
    command: about.path,
    async find(filter, signal): Promise<FoundItems> {
      const found = await (await get(`/find?${query(filter)}`, signal)).json();
      return found as { readonly count: number; readonly facets: Facets };
    },
    async items(filter, from, count, signal): Promise<readonly Item[]> {
      const answer = await get(`/items?${query(filter, { from, count })}`, signal);
      return ((await answer.json()) as RawItem[]).map(readItem);
    },
    async thumbnail({ index }, side, signal): Promise<Thumbnail> {
      const answer = await get(`/pictures/${index}?side=${side}`, signal);
      const size = {
        width: Number(answer.headers.get("Picture-Width")),
        height: Number(answer.headers.get("Picture-Height")),
      };
      return { bitmap: await createImageBitmap(await answer.blob()), size };
    },
    async picture({ index }, signal): Promise<RgbImage> {
      return decodeImage(await (await get(`/pictures/${index}`, signal)).blob());
    },
    async save(edits) {
      const body = [...edits].map(([index, { questions, concepts }]) => ({
        index,
        questions: questionLines(questions),
        concepts: conceptLines(concepts),
      }));
      const sent = fetch(`${base}/labels`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ edits: body }),
      });
      return (await answered(sent)).json();
    },
  };
}

function query(filter: Filter, more: Readonly<Record<string, number>> = {}): string {
  const entries = [...conditions(filter), ...Object.entries(more).map(([name, value]) => [name, `${value}`])];
  return new URLSearchParams(entries as [string, string][]).toString();
}
