import { randomUUID } from 'node:crypto';
import { HeaderMap } from '@apollo/server';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { ConcordError, type ErrorCode } from '../errors.js';
import { remember } from './remember.js';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface ErrorPolicy {
  /** The status of the whole answer where the request fails before it is executed. An executed request answers 200. */
  readonly http: number;
  readonly log: LogLevel;
  /** The caller sees the message; else it is masked, and only the log has it. */
  readonly shown: boolean;
}

/** One table for all that Concord refuses or fails at: extensions.code is the key. */
export const ERRORS: Readonly<Record<ErrorCode, ErrorPolicy>> = {
  BAD_INPUT: { http: 400, log: 'info', shown: true },
  UNAUTHENTICATED: { http: 401, log: 'info', shown: true },
  FORBIDDEN: { http: 403, log: 'warn', shown: true },
  NOT_FOUND: { http: 404, log: 'info', shown: true },
  CONFLICT: { http: 409, log: 'info', shown: true },
  LIMIT_EXCEEDED: { http: 413, log: 'warn', shown: true },
  MODEL_UNAVAILABLE: { http: 503, log: 'warn', shown: true },
  UNAVAILABLE: { http: 503, log: 'warn', shown: true },
  CONFIGURATION: { http: 500, log: 'error', shown: false },
  CANCELLED: { http: 499, log: 'debug', shown: true },
  INTERNAL: { http: 500, log: 'error', shown: false },
};

/** What graphql-js and Apollo find wrong with a request itself; these keep their own codes and messages. */
const REQUEST_CODES = [
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
  'BAD_REQUEST',
  'OPERATION_RESOLUTION_FAILURE',
  'PERSISTED_QUERY_NOT_FOUND',
  'PERSISTED_QUERY_NOT_SUPPORTED',
] as const;
export type ApiErrorCode = ErrorCode | (typeof REQUEST_CODES)[number];

const REQUEST_POLICY: ErrorPolicy = { http: 400, log: 'info', shown: true };

/** An error as caller and log see it. */
export interface ApiError {
  readonly id: string;
  readonly code: ApiErrorCode;
  readonly message: string;
  readonly policy: ErrorPolicy;
  /** Safe to show, beside code and id. */
  readonly details: Readonly<Record<string, unknown>>;
  /** The error underneath, with its stack: for the log where the code is INTERNAL. */
  readonly cause: unknown;
}

const known = new WeakMap<object, ApiError>();

/** The same error gets the same id, however often it is asked about: the log and the answer agree. */
export function describeError(error: unknown): ApiError {
  if (typeof error !== 'object' || error === null) return describeNew(error);
  return remember(known, error, () => describeNew(error));
}

function describeNew(error: unknown): ApiError {
  const id = randomUUID();
  const cause = rootCause(error);
  if (cause instanceof ConcordError) {
    const policy = ERRORS[cause.code];
    if (policy.shown) return { id, code: cause.code, message: cause.message, policy, details: cause.details, cause };
  }
  const code = error instanceof GraphQLError ? requestCode(error) : undefined;
  if (code) return { id, code, message: (error as Error).message, policy: REQUEST_POLICY, details: {}, cause };
  const message = `Something went wrong; quote id ${id} when you report it.`;
  return { id, code: 'INTERNAL', message, policy: ERRORS.INTERNAL, details: {}, cause };
}

function requestCode(error: GraphQLError): ApiErrorCode | undefined {
  return REQUEST_CODES.find((code) => code === error.extensions?.code);
}

function rootCause(error: unknown): unknown {
  let cause = error;
  while (cause instanceof GraphQLError && cause.originalError) cause = cause.originalError;
  return cause;
}

/** The error as it goes to the caller: message, place, code and id. Never a stack, SQL, or a value that was submitted. */
export function formatApiError(formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError {
  const { code, id, message, details } = describeError(error);
  return {
    message,
    ...(formatted.locations && { locations: formatted.locations }),
    ...(formatted.path && { path: formatted.path }),
    extensions: { ...details, code, id },
  };
}

/**
 * An error that refuses the whole request, with the status that the table gives.
 * @param status where it must differ (429 for a rate limit)
 */
export function requestError(error: ConcordError, status?: number, headers: Record<string, string> = {}): GraphQLError {
  return new GraphQLError(error.message, {
    originalError: error,
    extensions: {
      http: { status: status ?? ERRORS[error.code].http, headers: new HeaderMap(Object.entries(headers)) },
    },
  });
}
