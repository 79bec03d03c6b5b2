import type { IncomingMessage } from 'node:http';
import { badInput, ConcordError } from '../../errors.js';
import { limitExceeded } from '../../graphql/input-check.js';

/** After an answer that came before the whole body: how much and how long is still read (and dropped) for the client to see it. */
const LINGER_BYTES = 4 * 1024 * 1024;
const LINGER_MS = 1000;

/**
 * Reads a body, but never more than the limit: what says that it is larger is refused before it is read.
 * @throws {ConcordError} LIMIT_EXCEEDED, or CANCELLED where the client goes away
 */
export function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > limit) return Promise.reject(tooLarge(limit));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) finish(() => reject(tooLarge(limit)));
      else chunks.push(chunk);
    };
    const onEnd = () => finish(() => resolve(Buffer.concat(chunks, size)));
    const onClose = () => finish(() => reject(new ConcordError('CANCELLED', 'The client went away.')));
    const finish = (settle: () => void) => {
      request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
      request.pause();
      settle();
    };
    request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
}

const tooLarge = (limit: number) =>
  limitExceeded(`The request body is too large: ${limit} bytes are the most.`, { limit });

/**
 * Lets go of a request whose body was not read to its end, once it has been answered: a little more is read and dropped, so
 * that the client gets to see the answer, then the connection is cut.
 */
export function abandonBody(request: IncomingMessage): void {
  if (request.complete) return;
  let left = LINGER_BYTES;
  const timer = setTimeout(() => request.destroy(), LINGER_MS);
  timer.unref();
  request.on('error', () => undefined); // it is being thrown away
  request.on('close', () => clearTimeout(timer));
  request.on('end', () => clearTimeout(timer));
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) request.destroy();
  });
}

const JSON_TYPE = /^application\/(json|graphql\+json)\s*(;\s*charset=("?)utf-8\3\s*)?$/i;

export const isJsonType = (contentType: string | undefined): boolean => JSON_TYPE.test(contentType ?? '');

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

/** @throws {ConcordError} BAD_INPUT; where in the body it is wrong is said, what stands there is not. */
export function parseJson(body: Buffer): unknown {
  let text: string;
  try {
    text = utf8.decode(body);
  } catch {
    throw badInput('The request body is not UTF-8.');
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    const position = /position (\d+)/.exec((error as Error).message)?.[1];
    throw badInput(`The request body is not JSON${position ? `: see position ${position}` : ''}.`);
  }
}
