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

/** An error as a thread tells it to another; plain values. */
export interface ToldError {
  readonly message: string;
  readonly user: boolean;
  /** Of a fault of the system. */
  readonly system?: Pick<NodeJS.ErrnoException, "code" | "errno" | "syscall" | "path">;
}

export function tellError(error: Error): ToldError {
  const { code, errno, syscall, path } = error as NodeJS.ErrnoException;
  const system = { ...(code && { code }), ...(syscall && { syscall }), ...(path && { path }) };
  const isSystem = errno !== undefined;
  return {
    message: error.message,
    user: error instanceof UserError,
    ...(isSystem && { system: { ...system, errno } }),
  };
}

/** The error that another thread told. */
export function toldError({ message, user, system }: ToldError): Error {
  return user ? new UserError(message) : Object.assign(new Error(message), system);
}
