/** Damage to JSON that stays JSON for the most part, so that it passes the parser and meets the reader. */
import type { Random } from "../../src/common/random.ts";
import { hostileJson, hostileNumbers } from "./hostile.ts";

/** A value as it will be spelt: keys may stand twice, and a text may be any. */
type Node = { text: string } | { items: Node[] } | { entries: [key: string, value: Node][] };

/** A changed copy of a JSON text and what was done; undefined where the text is no JSON. */
export function damageJson(
  random: Random,
  text: string,
  other: string,
): { text: string; what: string } | undefined {
  if (text.length > 10_000_000) return undefined;
  const [root, donor] = [nodeOf(text), nodeOf(other)];
  if (root === undefined) return undefined;
  const path = pathInto(random, root);
  const what = change(random, path, donor ?? root);
  const spelt = speltOut(path[0].node);
  return spelt === undefined
    ? undefined
    : { text: spelt, what: `${path.map(({ step }) => step).join("") || "all"} ${what}` };
}

function nodeOf(text: string): Node | undefined {
  try {
    return toNode(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function toNode(value: unknown): Node {
  if (Array.isArray(value)) return { items: value.map(toNode) };
  if (typeof value !== "object" || value === null) return { text: JSON.stringify(value) };
  return { entries: Object.entries(value).map(([key, item]) => [key, toNode(item)]) };
}

/** Undefined where an earlier change made it deeper than can be walked over. */
function speltOut(node: Node): string | undefined {
  try {
    return spelt(node);
  } catch {
    return undefined;
  }
}

function spelt(node: Node): string {
  if ("text" in node) return node.text;
  if ("items" in node) return `[${node.items.map(spelt).join(",")}]`;
  return `{${node.entries.map(([key, value]) => `${JSON.stringify(key)}:${spelt(value)}`).join(",")}}`;
}

interface Step {
  readonly node: Node;
  /** How it is reached from the one before: `.key` or `[2]`. */
  readonly step: string;
  readonly at: number;
}

/** From the root to some node; each container is as likely to be gone into, however large the ones beside it are. */
function pathInto(random: Random, root: Node): Step[] {
  const path: Step[] = [{ node: root, step: "", at: 0 }];
  for (;;) {
    const { node } = path.at(-1) as Step;
    const children = childrenOf(node);
    if (children.length === 0 || (path.length > 1 && random.integer(4) === 0)) return path;
    const at = random.integer(children.length);
    const step = "entries" in node ? `.${node.entries[at][0].slice(0, 40)}` : `[${at}]`;
    path.push({ node: children[at], step, at });
  }
}

function childrenOf(node: Node): readonly Node[] {
  if ("items" in node) return node.items;
  return "entries" in node ? node.entries.map(([, value]) => value) : [];
}

/** Changes the last node of a path, in place; the root's own step holds what the root becomes. */
function change(random: Random, path: Step[], donor: Node): string {
  const { node, at } = path.at(-1) as Step;
  const parent = path.at(-2)?.node;
  const put = (to: Node) => replace(path, to);
  const kind = random.integer(10);
  if (parent !== undefined && kind === 0) return dropped(parent, at);
  if (parent !== undefined && kind === 1) return repeated(random, parent, at);
  if (parent !== undefined && "entries" in parent && kind === 2) return renamed(random, parent, at);
  if (kind === 3) {
    const [part] = pathInto(random, donor).slice(-1);
    put(part.node);
    return `:= another's ${part.step || "all"}`;
  }
  const text = kind === 4 && "text" in node ? nearby(random, node.text) : hostileJson(random);
  put({ text });
  return `:= ${text.length > 60 ? `${text.slice(0, 40)}... (${text.length} characters)` : text}`;
}

function replace(path: Step[], to: Node): void {
  const { at } = path.at(-1) as Step;
  const parent = path.at(-2)?.node;
  if (parent === undefined) path[0] = { node: to, step: "", at: 0 };
  else if ("items" in parent) parent.items[at] = to;
  else if ("entries" in parent) parent.entries[at][1] = to;
}

function dropped(parent: Node, at: number): string {
  if ("items" in parent) parent.items.splice(at, 1);
  else if ("entries" in parent) parent.entries.splice(at, 1);
  return "dropped";
}

/** As many times as fit into a few megabytes. */
function repeated(random: Random, parent: Node, at: number): string {
  const child = childrenOf(parent)[at];
  const most = Math.ceil(2_000_000 / (spelt(child).length + 1));
  const times = Math.min(most, random.pick([1, 10, 1000, 100_000]));
  if ("items" in parent) parent.items.splice(at, 0, ...Array<Node>(times).fill(child));
  else if ("entries" in parent) {
    const [key, value] = parent.entries[at];
    // Half of them twice under one key, half under keys of their own.
    const key_ = random.integer(2) === 0 ? () => key : (i: number) => `${key}${i}`;
    parent.entries.push(...Array.from({ length: times }, (_, i): [string, Node] => [key_(i), value]));
  }
  return `${times} times more`;
}

function renamed(random: Random, parent: { entries: [string, Node][] }, at: number): string {
  const other = random.pick(parent.entries)[0];
  const key = random.pick([
    "__proto__",
    "constructor",
    "toString",
    "",
    "length",
    "unknown_key",
    other,
    "a\nb",
  ]);
  parent.entries[at][0] = key;
  return `is called ${JSON.stringify(key)}`;
}

/** Of a number one that is near it or spelt differently; else a hostile one. */
function nearby(random: Random, text: string): string {
  const value = Number(text);
  if (text.startsWith('"') || !Number.isFinite(value)) return random.pick(hostileNumbers);
  return String(
    random.pick([value + 1, value - 1, -value, 2 * value, value / 2, value * 1000, value + 0.5, value / 1e6]),
  );
}
