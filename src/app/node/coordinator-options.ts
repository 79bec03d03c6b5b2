import { readFile } from 'node:fs/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { systemClock, withRetries } from '../../../federated/node/backoff.js';
import { CoordinatorAway, NodeStopped } from '../../../federated/node/ports.js';
import { Refusal } from '../../../federated/protocol/refusal.js';
import { badInput, ConcordError } from '../../errors.js';
import { askCoordinator, type CoordinatorAddress } from './coordinator-http.js';

/** What commands that talk to a coordinator are given. */
export interface Credentials {
  readonly coordinator: string;
  readonly token?: string;
  readonly tokenFile?: string;
}

/** @param of whose token, for the help */
export function withCoordinator(command: Command, of: string): Command {
  return command
    .addOption(
      new Option('--coordinator <url>', 'where the coordinator serves, without /graphql')
        .argParser(webAddress)
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('--token <token>', `a token of ${of}; seen by whoever lists processes`).conflicts('tokenFile'),
    )
    .addOption(new Option('--token-file <file>', 'a file with it'));
}

/** @throws {ConcordError} BAD_INPUT */
export async function addressOf({ coordinator, token, tokenFile }: Credentials): Promise<CoordinatorAddress> {
  const text = token ?? (tokenFile === undefined ? undefined : await readText(tokenFile));
  if (!text?.trim()) throw badInput('A token is needed: --token-file or --token.');
  return { url: coordinator, token: text.trim() };
}

/** @throws {ConcordError} BAD_INPUT */
export async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw badInput(`The file ${path} cannot be read: ${(error as NodeJS.ErrnoException).code}.`);
  }
}

/**
 * One question, with a few tries, for a command at which somebody waits.
 * @returns the only root field of the answer
 * @throws {ConcordError} with the coordinator's code, or UNAVAILABLE
 */
export async function askOnce(address: CoordinatorAddress, query: string, variables: object): Promise<unknown> {
  const { signal } = new AbortController();
  try {
    return await withRetries(() => askCoordinator(address, query, { ...variables }, signal), {
      clock: systemClock,
      signal,
      until: Date.now() + 10_000,
    });
  } catch (error) {
    throw expectedOf(error);
  }
}

/** What may go wrong with a coordinator, as the command line says it. */
export function expectedOf(error: unknown): unknown {
  if (error instanceof NodeStopped) return new ConcordError('CANCELLED', error.message);
  if (error instanceof CoordinatorAway) return new ConcordError('UNAVAILABLE', error.message);
  if (error instanceof Refusal) return new ConcordError('FORBIDDEN', `${error.code}: ${error.message}`);
  return error;
}

export function aboveZero(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('A number above 0 is expected.');
}

function webAddress(text: string): string {
  if (/^https?:$/.test(URL.canParse(text) ? new URL(text).protocol : '')) return text;
  throw new InvalidArgumentError('Write an address such as https://coordinator.example.');
}
