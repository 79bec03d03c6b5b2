/** Everything that Concord refuses or fails at, by code. src/graphql/errors.ts maps each code to GraphQL, HTTP and log level. */
export type ErrorCode =
  | 'BAD_INPUT' // the caller's input is malformed, out of range or contradictory
  | 'UNAUTHENTICATED' // no token, or one that does not verify
  | 'FORBIDDEN' // the client may not do this
  | 'NOT_FOUND' // no such thing, or one of another institution (the two are indistinguishable on purpose)
  | 'CONFLICT' // it exists already, or has changed meanwhile
  | 'LIMIT_EXCEEDED' // depth, cost, page, list or body size
  | 'MODEL_UNAVAILABLE' // no model is active for the task
  | 'UNAVAILABLE' // the database is away, or the server is draining
  | 'CONFIGURATION' // an environment variable or option is wrong: exit code 1 with the message
  | 'CANCELLED' // an AbortSignal fired
  | 'INTERNAL';

/** An expected failure: a message that says what to do, a code, and details that are safe to show to the caller. */
export class ConcordError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, details: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ConcordError';
    this.code = code;
    this.details = details;
  }
}

export const badInput = (message: string, details?: Record<string, unknown>) =>
  new ConcordError('BAD_INPUT', message, details);
export const notFound = (what: string, id: string) =>
  new ConcordError('NOT_FOUND', `No ${what} with id ${id}.`, { id });
export const forbidden = (message: string) => new ConcordError('FORBIDDEN', message);
