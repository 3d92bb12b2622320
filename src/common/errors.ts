/** Errors that users can act on: one line with what, rule, value and hint. */
import { shownLine } from "./shown-text.ts";

export interface UserErrorOptions {
  readonly code?: number;
  readonly cause?: unknown;
}

/**
 * A mistake that the user can mend: the command line prints its message as one line and exits with `code`.
 * The message has the form `<what>: <argument> must be <rule>, got <value>; <hint>`. Messages quote names and values of
 * files that others made, so whatever is quoted, they are one line, shown as text and of at most `LONGEST`
 * characters; of a list of mistakes, each is.
 */
export class UserError extends Error {
  override readonly name = "UserError";
  readonly code: number;

  constructor(message: string | readonly string[], { code = 1, cause }: UserErrorOptions = {}) {
    super(typeof message === "string" ? readable(message) : listed(message), { cause });
    this.code = code;
  }
}

/** Characters of a message, and mistakes of a list. */
const [LONGEST, MOST] = [2000, 50];

function listed(lines: readonly string[]): string {
  const more = lines.length > MOST ? [`... and ${lines.length - MOST} more`] : [];
  return [...lines.slice(0, MOST).map(readable), ...more].join("\n");
}

/** What a message begins with says where, and its end has the hint: what is too long loses its middle. */
function readable(text: string): string {
  if (text.length <= LONGEST) return shownLine(text);
  const gap = ` ... (${text.length} characters) ... `;
  const end = LONGEST / 4;
  return shownLine(text.slice(0, LONGEST - end - gap.length) + gap + text.slice(-end));
}

/** Builds a {@link UserError} in the house form: `<what>: <argument> must be <rule>, got <value>; <hint>`. */
export function mustBe(what: string, argument: string, rule: string, got: unknown, hint?: string): UserError {
  const tail = hint === undefined ? "" : `; ${hint}`;
  return new UserError(`${what}: ${argument} must be ${rule}, got ${show(got)}${tail}`);
}

/** Characters of a quoted value, and elements of a list. */
const [QUOTED, ELEMENTS] = [400, 40];

function show(value: unknown, depth = 0): string {
  if (typeof value === "string") return JSON.stringify(cut(value));
  if (Array.isArray(value)) {
    const more = value.length > ELEMENTS ? [`... (${value.length} in all)`] : [];
    const some = depth < 3 ? value.slice(0, ELEMENTS).map((item) => show(item, depth + 1)) : ["..."];
    return `[${[...some, ...more].join(", ")}]`;
  }
  return cut(typeof value === "object" && value !== null ? asJson(value) : String(value));
}

function asJson(value: object): string {
  try {
    return JSON.stringify(value) ?? "an object";
  } catch {
    return "an object"; // One that holds itself, or is too deep.
  }
}

const cut = (text: string) => (text.length > QUOTED ? `${text.slice(0, QUOTED)}...` : text);

/** What Node says of a fault of the system beside its message. */
interface SystemFacts {
  code?: string;
  errno?: number;
  syscall?: string;
  path?: string;
}

/** An error as one thread sends it to another: plain values. */
export interface SerialisedError {
  readonly message: string;
  readonly user: boolean;
  /** Of a fault of the system. */
  readonly system?: SystemFacts;
}

export function serialiseError(error: Error): SerialisedError {
  const { code, errno, syscall, path } = error as SystemFacts;
  const system = { ...(code && { code }), ...(syscall && { syscall }), ...(path && { path }) };
  const isSystem = errno !== undefined;
  return {
    message: error.message,
    user: error instanceof UserError,
    ...(isSystem && { system: { ...system, errno } }),
  };
}

/** The error that another thread sent. */
export function deserialiseError({ message, user, system }: SerialisedError): Error {
  return user ? new UserError(message.split("\n")) : Object.assign(new Error(message), system);
}
