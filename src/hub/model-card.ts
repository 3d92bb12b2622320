/**
 * The card of a model folder: README.md, which begins with YAML that the hub reads.
 *
 *     readCardFacts(folder)        -> what a base's card says of its licence and its own base
 *     cardHead(fields)             -> the YAML between its marks
 */
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { readRegular } from "../common/inside.ts";
import { isRecord } from "./weights/safetensors.ts";

/** Of a card's YAML, what goes on to models that are made of its model. Absent: it does not say. */
export interface CardFacts {
  readonly license?: string;
  readonly license_name?: string;
  readonly license_link?: string;
  readonly base_model?: string;
}

const mostBytes = 2 ** 20;
/** Longer heads take their reader too long. */
const longestHead = 50_000;

/** Nothing for a folder without a card, or with YAML that cannot be read: a card is no reason to stop. */
export async function readCardFacts(folder: string): Promise<CardFacts> {
  const text = await readRegular(join(folder, "README.md"), "card", mostBytes).then(String, () => "");
  const [, yaml = ""] = /^\uFEFF?---\r?\n([\s\S]*?)\r?\n---\s*(?:\r?\n|$)/.exec(text) ?? [];
  const fields = parsed(yaml);
  const keys = ["license", "license_name", "license_link", "base_model"] as const;
  const known = keys.flatMap((key) => {
    const [value] = [fields[key]].flat(); // Some cards give lists.
    return typeof value === "string" && value.trim() !== "" ? [[key, value.trim()]] : [];
  });
  return Object.fromEntries(known);
}

function parsed(yaml: string): Readonly<Record<string, unknown>> {
  if (yaml.length > longestHead) return {};
  try {
    const value: unknown = parse(yaml);
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}

/** Fields in the order given; undefined ones are left out. */
export function cardHead(fields: Readonly<Record<string, string | readonly string[] | undefined>>): string {
  const present = Object.entries(fields).filter(([, value]) => value !== undefined);
  return `---\n${stringify(Object.fromEntries(present), { flowCollectionPadding: false }).trimEnd()}\n---`;
}

/**
 * The licence's fields as another model's card holds them: a link into the base's own folder leads there from anywhere.
 * `name`: the base's OWNER/NAME, where it is on the hub.
 */
export function carriedLicence(facts: CardFacts, name: string | undefined): CardFacts {
  const { base_model: _, license_link: link, ...rest } = facts;
  if (facts.license === undefined) return {};
  if (link === undefined) return rest;
  if (/^[a-z]+:\/\//i.test(link) || name === undefined) return { ...rest, license_link: link };
  return { ...rest, license_link: `https://huggingface.co/${name}/blob/main/${link.replace(/^\.?\//, "")}` };
}
