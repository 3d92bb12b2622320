import type { AnswerRecord } from "../record.ts";

/** Answers shown in the terminal. */
const shown = 5;

/** How many answers could not be read, with a few of them and the reason. */
export function unreadLines(answers: readonly AnswerRecord[], model?: string): string[] {
  const unread = answers.filter(({ parsed }) => parsed === null);
  if (unread.length === 0) return [];
  const one = unread.length === 1;
  const whose = model === undefined ? "" : ` of ${model}`;
  const head = `${unread.length} ${one ? "answer" : "answers"}${whose} could not be read and ${one ? "counts" : "count"} as wrong:`;
  const lines = unread
    .slice(0, shown)
    .map(({ id, text, problem }) => `  ${id}: ${problem}: ${excerpt(text)}`);
  return ["", head, ...lines, ...(unread.length > shown ? [`  and ${unread.length - shown} more`] : [])];
}

function excerpt(text: string): string {
  const line = JSON.stringify(text);
  return line.length > 100 ? `${line.slice(0, 100)}...` : line;
}
