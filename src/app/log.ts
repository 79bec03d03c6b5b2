import { type DestinationStream, type Logger, pino } from 'pino';
import type { OperationRecord } from '../graphql/plugin.js';
import type { Config } from './config.js';

export type { Logger };

/** Nothing of these is ever logged on purpose; should it happen by mistake, it is not readable. */
const REDACTED = ['authorization', 'token', 'password', 'url', 'variables', 'headers', 'body'];

/**
 * JSON lines on stderr, or short ones where that is a terminal. Lines hold no variables, tokens or data of users.
 * @param stream tests give their own
 */
export function createLogger(config: Pick<Config['server'], 'logLevel'>, stream: Streams = process.stderr): Logger {
  const destination: DestinationStream = { write: (line) => stream.write(stream.isTTY ? shortLine(line) : line) };
  return pino(
    {
      level: config.logLevel,
      base: undefined,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: REDACTED.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
    },
    destination,
  );
}

interface Streams {
  write(text: string): unknown;
  isTTY?: boolean;
}

const COLOURS: Readonly<Record<string, number>> = { warn: 33, error: 31, fatal: 31 };

function shortLine(line: string): string {
  const { level, time, msg, err, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const fields = Object.entries(rest).map(
    ([name, value]) => `${name}=${typeof value === 'object' ? JSON.stringify(value) : value}`,
  );
  const stack = (err as { stack?: string } | undefined)?.stack;
  const text = [String(time).slice(11, 19), msg, ...fields].join(' ') + (stack ? `\n${stack}` : '');
  return `\u001b[${COLOURS[String(level)] ?? 2}m${text}\u001b[0m\n`;
}

/** One line for each error of an operation, at the level that its code has; the cause only where the caller saw a mask. */
export function logErrors(
  log: Logger,
  requestId: string | undefined,
  operation: string | undefined,
  errors: OperationRecord['errors'],
): void {
  for (const { id, code, policy, path, cause } of errors) {
    const where = {
      errorId: id,
      code,
      requestId,
      ...(operation && { operation }),
      ...(path && { path: path.join('.') }),
    };
    if (code === 'INTERNAL') log[policy.log]({ ...where, err: cause }, 'internal error');
    else log[policy.log](where, 'refused');
  }
}
