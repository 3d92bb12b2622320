/** Keys and tokens in texts that people read or that are written. */
import { UserError } from "./errors.ts";

/** Shorter ones are no secrets (`none`, `EMPTY`), and their other spellings would be found in anything. */
const shortest = 8;

/** Replaces secrets by `***`, also as JSON, an address and base64 spell them. Undefined ones are none. */
export function blotter(...secrets: readonly (string | undefined)[]): (text: string) => string {
  const spelled = secrets.flatMap((secret) => (secret ? spellings(secret) : []));
  const longestFirst = [...new Set(spelled)].sort((a, b) => b.length - a.length);
  return (text) => longestFirst.reduce((clean, secret) => clean.replaceAll(secret, "***"), text);
}

function spellings(secret: string): string[] {
  if (secret.length < shortest) return [secret];
  const bytes = Buffer.from(secret);
  return [
    secret,
    secret.toLowerCase(),
    secret.toUpperCase(),
    encodeURIComponent(secret),
    encodeURI(secret),
    JSON.stringify(secret).slice(1, -1),
    bytes.toString("base64").replace(/=+$/, ""),
    bytes.toString("base64url"),
  ];
}

/** A key as it can stand in a header; undefined when there is none. Throws a `UserError` that does not show it. */
export function headerSecret(text: string | undefined, what: string, name: string): string | undefined {
  const secret = text?.trim();
  if (!secret) return undefined;
  if (/^[\x21-\x7e]+$/.test(secret)) return secret;
  throw new UserError(`${what}: ${name} must hold a key of ASCII characters without spaces, got others`);
}

/** An address that could not be read, without what may be a user, a password or a query. */
export function addressWithoutSecrets(text: string): string {
  const [, scheme = "", rest] = /^([a-z][a-z\d+.-]*:)?(.*)$/is.exec(text) as RegExpExecArray;
  const known = /^(?:https?|ftp|file|wss?):$/i.test(scheme);
  const after = known ? rest : text;
  if (!/[@?]/.test(after) && !/:(?!\d*(?:[/#]|$))/.test(after.replace(/#.*$/s, ""))) return text;
  return `${known ? `${scheme}//` : ""}***`;
}
