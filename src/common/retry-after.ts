type Headers = Readonly<Record<string, string | undefined>>;

/**
 * Milliseconds that a server asks to be left alone, 0 or more: `retry-after-ms`, or `Retry-After` in seconds or as a date
 * (RFC 9110, section 10.2.3), which is read by the server's own clock where the answer says its time. Not capped. Undefined
 * where it asks for nothing, or for what is no time: negative, NaN, words.
 */
export function retryAfterOf(headers: Headers): number | undefined {
  return numberOf(headers["retry-after-ms"]) ?? secondsOrDate(headers);
}

function secondsOrDate({ "retry-after": given, date }: Headers): number | undefined {
  const seconds = numberOf(given);
  if (seconds !== undefined) return Math.min(1000 * seconds, Number.MAX_SAFE_INTEGER);
  if (given === undefined || !/^\s*(?:[a-z]{3}|\d{4}-\d)/i.test(given)) return undefined;
  const [until, now] = [Date.parse(given), Date.parse(date ?? "")];
  const wait = until - (Number.isNaN(now) ? Date.now() : now);
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}

/** Characters of a number: the pattern goes back over longer ones for a time that grows with the square. */
const LONGEST = 100;

/** A decimal number, as large as one may be; 1e999 is a very large one. */
function numberOf(text: string | undefined): number | undefined {
  if (text === undefined || text.length > LONGEST || !/^\s*(?:\d+\.?\d*|\.\d+)(?:e\+?\d+)?\s*$/i.test(text))
    return undefined;
  return Math.min(Number(text), Number.MAX_SAFE_INTEGER);
}
