import { type Reading, readAnswer } from "./reading.ts";
import { bare, emphasised } from "./segments.ts";

type YesNo = "yes" | "no";

/** Words that open an answer, or are all of it. */
const words: Readonly<Record<YesNo, string>> = {
  yes: "yes|yeah|yep|yup|correct|true|affirmative|oui|ja|s\u00ed|\u0434\u0430|\u306f\u3044|\uc608|\ub124",
  no: "no|nope|nah|incorrect|false|negative|non|nein|\u043d\u0435\u0442|\u3044\u3044\u3048|\uc544\ub2c8\uc694|\uc544\ub2c8\uc624",
};
/** Chinese: no word begins or ends in such a text, so what says no stands before what says yes. */
const han: Readonly<Record<YesNo, string>> = {
  no: "\u4e0d\u662f|\u6ca1\u6709|\u4e0d\u5b58\u5728|\u4e0d\u5bf9|\u5426|\u65e0|\u4e0d",
  yes: "\u662f\u7684|\u662f|\u6709|\u5bf9|\u5b58\u5728|\u6b63\u786e",
};

/** Yes or no: a word that opens the answer, that is set apart, or that alone is said; or "there is a", "there is no". */
export function readYesNo(text: string): Reading<YesNo> {
  const alone = (line: string) => wordAlone(bare(line));
  return readAnswer(
    text,
    "yes or no",
    alone,
    [
      bothIn,
      opening,
      (part) => emphasised(part).flatMap(wordAlone),
      mentioned,
      (part) => clausesOf(part).flatMap(statement),
    ],
    opening,
  );
}

function wordAlone(text: string): YesNo[] {
  const is = (pattern: string) => new RegExp(`^(?:${pattern})$`, "iu").test(text);
  if (is(`${words.yes}|${han.yes}|y`)) return ["yes"];
  return is(`${words.no}|${han.no}|n`) ? ["no"] : [];
}

/** "yes and no", "yes/no", "yes, but no" */
function bothIn(text: string): YesNo[] {
  const apart = "\\s*(?:,?\\s*but\\s+(?:also\\s+)?|,|/|\\bor\\b|\\band\\b)\\s*";
  const both = new RegExp(
    `\\b(?:yes${apart}no|no${apart}yes)\\b(?!\\s+(?!or\\b|and\\b)\\p{L}|-\\p{L})`,
    "iu",
  );
  return both.test(text) ? ["yes", "no"] : [];
}

/** "Yes, there is.", "Yes it is"; but not "No dog is there", which is read as a statement. */
function opening(text: string): YesNo[] {
  const plain = bare(text);
  const yes = new RegExp(
    `^(?:yes|yeah|yep|yup)(?![\\p{L}\\p{N}-])|^(?:${words.yes})(?=\\s*(?:[,.;:!\u2013-]|$))`,
    "iu",
  );
  const no = new RegExp(
    `^(?:${words.no})(?=\\s*(?:[,.;:!\u2013-]|because\\b|since\\b|$))|^no\\s+(?:it|there|they|he|she|this|that|i|we)\\b`,
    "iu",
  );
  if (yes.test(plain)) return ["yes"];
  if (no.test(plain)) return ["no"];
  if (new RegExp(`^(?:${han.no})`, "u").test(plain)) return ["no"];
  return new RegExp(`^(?:${han.yes})`, "u").test(plain) ? ["yes"] : [];
}

function mentioned(text: string): YesNo[] {
  const found = [...text.matchAll(/(?<![\p{L}-])(yes|no)(?![\p{L}-])(?!\s+\p{L})/giu)];
  return found.map(([word]) => word.toLowerCase() as YesNo);
}

/** The parts of a text that each say something: "there is no cat, but there is a dog" says both. */
function clausesOf(text: string): string[] {
  return text.split(
    /[.;!?\n]+|,?\s*\b(?:but|however|although|though|whereas|yet)\b|,?\s*(?:\u4f46\u662f?|\u4e0d\u8fc7)/i,
  );
}

const negative =
  /\b(?:is|are|was|were|does|do|did|can|could|has|have)(?:\s+not|n't)\b|\bcannot\b|\b(?:is|are|was|were|see|shows?|contains?|has|have|with)\s+(?:no|none|nothing)\b|^\W*(?:no|none|neither)\s+\p{L}|\babsent\b|\u6ca1\u6709|\u770b\u4e0d\u5230|\u4e0d\u5b58\u5728/iu;
const counts = "(?:an?|one|two|three|four|five|some|several|many|multiple|\\d+)";
const positive = new RegExp(
  `\\bthere\\s+(?:is|are|was|were|seems? to be|appears? to be)\\s+(?:indeed\\s+|also\\s+)?${counts}\\b|\\bthere's\\s+an?\\b|` +
    `\\b(?:image|picture|photo|scene)\\s+(?:clearly\\s+|does\\s+)?(?:shows?|contains?|has|includes?|depicts?|features?)\\s+${counts}\\b|` +
    `\\bi\\s+(?:can\\s+)?see\\s+${counts}\\b|\\b(?:is|are)\\s+(?:clearly\\s+|indeed\\s+)?(?:visible|present|shown|there)\\b|` +
    "\u6709(?:\u4e00|\u4e24|\u51e0|\\d)|\u5b58\u5728",
  "iu",
);

function statement(clause: string): YesNo[] {
  if (negative.test(clause)) return ["no"];
  return positive.test(clause) ? ["yes"] : [];
}
