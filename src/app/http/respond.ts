import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzip, gzipSync } from 'node:zlib';

/** For every answer: nothing here is a page that another site may frame, sniff or run. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** Below this, compressing gains nothing; above the other, it would hold up the thread that serves. */
const COMPRESS_FROM = 1024;
const SYNCHRONOUS_UP_TO = 64 * 1024;

export interface Answer {
  readonly status: number;
  readonly headers: Iterable<readonly [string, string]>;
  readonly body: string;
}

/** Sends an answer, compressed where the client takes gzip and it is worth it. */
export function respond(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  if (response.destroyed) return;
  response.statusCode = answer.status;
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
  for (const [name, value] of answer.headers) response.setHeader(name, value);
  response.setHeader('cache-control', 'no-store');
  response.setHeader('vary', 'accept-encoding');
  const body = Buffer.from(answer.body, 'utf8');
  if (body.length < COMPRESS_FROM || !acceptsGzip(request.headers['accept-encoding'])) {
    end(response, body);
    return;
  }
  response.setHeader('content-encoding', 'gzip');
  if (body.length <= SYNCHRONOUS_UP_TO) end(response, gzipSync(body, { level: 1 }));
  else gzip(body, { level: 1 }, (error, compressed) => (error ? response.destroy(error) : end(response, compressed)));
}

function end(response: ServerResponse, body: Buffer): void {
  response.setHeader('content-length', body.length);
  response.end(body);
}

function acceptsGzip(header: string | string[] | undefined): boolean {
  const parts = String(header ?? '').split(',');
  return parts.some((part) => /^\s*(gzip|\*)\s*$/i.test(part) || /^\s*gzip\s*;\s*q=(1|0\.\d*[1-9])/i.test(part));
}
