/** Damage to a file's content by what its name says it is. */
import { extname } from "node:path";
import type { Random } from "../../src/common/random.ts";
import { type Damaged, damageBytes } from "./bytes.ts";
import { damageGguf } from "./gguf.ts";
import { damageJson } from "./json.ts";
import { damagePng } from "./png.ts";
import { damageSafetensors } from "./safetensors.ts";
import { damageText } from "./text.ts";

/** Undefined where the content is not what the name says. */
type Change = (random: Random, bytes: Uint8Array, other: Uint8Array) => Damaged | undefined;

const decode = (bytes: Uint8Array) => Buffer.from(bytes).toString("utf8");
const encode = ({ text, what }: { text: string; what: string }): Damaged => ({
  bytes: Buffer.from(text),
  what,
});

const asText: Change = (random, bytes, other) => encode(damageText(random, decode(bytes), decode(other)));

const asJson: Change = (random, bytes, other) => {
  const changed = damageJson(random, decode(bytes), decode(other));
  return changed && encode(changed);
};

/** One line of many. */
const asLines: Change = (random, bytes, other) => {
  const lines = decode(bytes).split("\n");
  const at = random.integer(lines.length);
  const changed = damageJson(random, lines[at], random.pick(decode(other).split("\n")));
  if (changed === undefined) return undefined;
  return encode({ text: lines.with(at, changed.text).join("\n"), what: `line ${at + 1}: ${changed.what}` });
};

/** A raw answer of a server: what follows the empty line is JSON. */
const asHttp: Change = (random, bytes, other) => {
  const split = (text: string) => text.split("\r\n\r\n");
  const [[head, body = ""], [, donor = ""]] = [split(decode(bytes)), split(decode(other))];
  const changed = damageJson(random, body, donor);
  if (changed === undefined || random.integer(4) === 0) {
    const headed = damageText(random, head, head);
    return encode({ text: `${headed.text}\r\n\r\n${body}`, what: `head: ${headed.what}` });
  }
  return encode({ text: `${head}\r\n\r\n${changed.text}`, what: `body: ${changed.what}` });
};

const asBytes: Change = damageBytes;

/** Each as often as it stands here. */
const byEnd: Readonly<Record<string, readonly Change[]>> = {
  ".json": [asJson, asJson, asJson, asJson, asText, asBytes],
  ".jsonl": [asLines, asLines, asLines, asLines, asText, asBytes],
  ".yaml": [asText, asText, asText, asBytes],
  ".md": [asText, asText, asBytes],
  ".txt": [asText, asText, asText, asBytes],
  ".csv": [asText, asText, asBytes],
  ".jinja": [asText, asText, asText, asBytes],
  ".http": [asHttp, asHttp, asHttp, asHttp, asText, asBytes],
  ".svg": [asText, asText, asBytes],
  ".png": [damagePng, asBytes],
  ".gguf": [damageGguf, damageGguf, damageGguf, asBytes],
  ".safetensors": [damageSafetensors, damageSafetensors, asBytes],
};

/** One to three changes, one after the other. */
export function damageContent(random: Random, name: string, bytes: Uint8Array, other: Uint8Array): Damaged {
  const changes = byEnd[extname(name).toLowerCase()] ?? [asBytes];
  let damaged: Damaged = { bytes, what: "" };
  const count = random.pick([1, 1, 1, 2, 3]);
  for (let i = 0; i < count; i++) {
    const one =
      random.pick(changes)(random, damaged.bytes, other) ?? damageBytes(random, damaged.bytes, other);
    damaged = {
      bytes: one.bytes,
      what: damaged.what === "" ? one.what : `${damaged.what}, then ${one.what}`,
    };
  }
  return damaged;
}
