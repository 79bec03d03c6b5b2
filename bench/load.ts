import { Agent, request } from 'node:http';
import { ConcordError } from '../src/errors.js';
import { quantile } from './benchmark.js';

export interface LoadOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The body of the n-th request. */
  readonly body: (n: number) => string;
  /** Requests under way at any time, each on a connection of its own. */
  readonly connections: number;
  readonly seconds: number;
}

export interface LoadFigures {
  readonly requests: number;
  readonly perSecond: number;
  /** Milliseconds from sending a request to the end of its answer. */
  readonly p50: number;
  readonly p99: number;
}

/**
 * Sends requests over keep-alive connections, each as soon as the one before is answered, for some seconds.
 * @throws {ConcordError} INTERNAL at the first answer that is not 200, or that has GraphQL errors: a failing server is fast.
 */
export async function load({ url, headers, body, connections, seconds }: LoadOptions): Promise<LoadFigures> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const times: number[] = [];
  const started = performance.now();
  const end = started + seconds * 1000;
  let sent = 0;
  const connection = async () => {
    while (performance.now() < end) {
      const before = performance.now();
      const answer = await post(url, headers, body(sent++), agent);
      times.push(performance.now() - before);
      if (answer.status !== 200 || answer.text.startsWith('{"errors"')) {
        throw new ConcordError('INTERNAL', `${url} answered ${answer.status}: ${answer.text.slice(0, 300)}`);
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: connections }, connection));
  } finally {
    agent.destroy();
  }
  const perSecond = times.length / ((performance.now() - started) / 1000);
  return { requests: times.length, perSecond, p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
}

/** One POST of JSON. */
export function post(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  agent?: Agent,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const length = Buffer.byteLength(body);
    const sending = request(url, {
      method: 'POST',
      agent,
      headers: { 'content-type': 'application/json', 'content-length': length, ...headers },
    });
    sending.on('error', reject);
    sending.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
    });
    sending.end(body);
  });
}
