import type { ErrorCode } from '../errors.js';

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
