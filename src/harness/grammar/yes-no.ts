import { type Reading, readAnswer } from "./reading.ts";
import { bare, emphasised } from "./segments.ts";

type YesNo = "yes" | "no";

/** Yes or no: a word that opens the answer, that is set apart, or that alone is said; or "there is a", "there is no". */
export function readYesNo(text: string): Reading<YesNo> {
  const alone = (line: string) => (/^(?:yes|no)$/i.test(bare(line)) ? opening(line) : []);
  return readAnswer(text, "yes or no", alone, [
    bothIn,
    opening,
    (part) => emphasised(part).flatMap(opening),
    mentioned,
    (part) => [...existence(part)],
  ]);
}

/** "yes and no", "yes/no" */
function bothIn(text: string): YesNo[] {
  return /\b(?:yes\s*(?:,|\/|or|and)\s*no|no\s*(?:,|\/|or|and)\s*yes)\b/i.test(text) ? ["yes", "no"] : [];
}

/** "Yes, there is." but not "No dog is there", which is read as a statement. */
function opening(text: string): YesNo[] {
  const found = /^(yes|no|yeah|yep|nope)(?=$|[\s,.;:!-]*$|\s*[,.;:!\u2013-])/i
    .exec(bare(text))?.[1]
    .toLowerCase();
  if (found === undefined) return [];
  return [found.startsWith("y") ? "yes" : "no"];
}

function mentioned(text: string): YesNo[] {
  const words = [...text.matchAll(/\b(yes|no)\b(?!\s+[a-z])/gi)];
  return words.map(([word]) => word.toLowerCase() as YesNo);
}

function existence(text: string): YesNo[] {
  const negative = /\b(?:is|are|was|were|does|do|can)(?:\s+not|n't)\b|\b(?:is|are|see)\s+no\b|^\W*no\s+\w/i;
  if (negative.test(text)) return ["no"];
  return /\bthere\s+(?:is|are)\s+(?:an?|one|two|three|some|several|many|\d+)\b|\bthere's\s+an?\b/i.test(text)
    ? ["yes"]
    : [];
}
