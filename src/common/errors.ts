/**
 * A mistake that the user can mend: the command line prints its message as one line and exits with `code`.
 * The message has the form `<what>: <argument> must be <rule>, got <value>; <hint>`.
 */
export class UserError extends Error {
  override readonly name = "UserError";
  readonly code: number;

  constructor(message: string, options: { code?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = options.code ?? 1;
  }
}

/** Builds a {@link UserError} in the house form: `<what>: <argument> must be <rule>, got <value>; <hint>`. */
export function mustBe(what: string, argument: string, rule: string, got: unknown, hint?: string): UserError {
  const tail = hint === undefined ? "" : `; ${hint}`;
  return new UserError(`${what}: ${argument} must be ${rule}, got ${show(got)}${tail}`);
}

function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(show).join(", ")}]`;
  return String(value);
}
