/**
 * Characters that change what stands around them instead of being seen: control characters (which move the cursor of a
 * terminal and have no place in XML), marks that turn the direction of writing, halves of characters. Marks of direction
 * that act on their own place only, which Arabic and Hebrew need, are not among them.
 */
const unseen = /[[\p{Cc}\p{Cs}\p{Bidi_Control}\p{Noncharacter_Code_Point}]--[\t\n\u061c\u200e\u200f]]/gv;

/**
 * Text of a stranger as it is shown to people, on a page, in a picture or in a terminal: what would act unseen is seen
 * in its place, as `␛` (control characters) or `�` (all others). Tabs and line feeds stay, carriage returns do not.
 */
export function shownText(text: string): string {
  return text.replaceAll("\r\n", "\n").replaceAll(unseen, visible);
}

/** The same on one line. */
export function shownLine(text: string): string {
  return shownText(text).replaceAll(/[\n\t\u2028\u2029]/g, " ");
}

/** JSON that acts nowhere either, and says the same: what JSON itself leaves as it is gets written as `\u202e`. */
export function shownJson(json: string): string {
  return json.replaceAll(/[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, escaped);
}

/** Unicode has a picture for each of the first 32 control characters and for the last one of ASCII. */
function visible(mark: string): string {
  const code = mark.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  return code === 0x7f ? "\u2421" : "\ufffd";
}

function escaped(mark: string): string {
  return `\\u${mark.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
