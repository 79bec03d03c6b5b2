import { Command, InvalidArgumentError, Option } from 'commander';
import { ConcordError } from '../../errors.js';
import { CLIENTS, type ClientKind, DEFAULT_SCOPES, type Scope } from '../../graphql/viewer.js';
import { openBuiltInIssuer } from '../auth/issuer.js';
import { readConfig } from '../config.js';
import { createOutput } from '../output.js';

interface Options {
  client: ClientKind;
  institution?: string;
  scope?: string[];
  subject?: string;
  expires: number;
  bind?: string;
  json?: boolean;
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
const MOST_SECONDS = 366 * UNITS.d!;

/** `concord token`: a token of the built-in issuer. It needs the data folder, and no running server. */
export function tokenCommand(): Command {
  const command = new Command('token')
    .description("Issue a token of the built-in issuer, signed by the data folder's key.")
    .addOption(new Option('--client <kind>', 'for which kind of client').choices(CLIENTS).makeOptionMandatory())
    .option('--institution <code>', 'whose data the client sees; partners and nodes need one')
    .option('--scope <scope...>', 'what it may do (default: all that its kind of client may)')
    .option('--subject <name>', 'who it is (default: the kind of client and the institution)')
    .option('--expires <duration>', 'how long it holds: 15m, 8h, 30d', parseDuration, 8 * UNITS.h!)
    .option('--bind <thumbprint>', "bind it to the client's key (RFC 7638 thumbprint), for DPoP")
    .option('--json', 'one JSON object on stdout');
  return command.action((options: Options) => issueToken(command, options));
}

async function issueToken(command: Command, options: Options): Promise<void> {
  const { client, institution, expires, subject, bind } = options;
  if (!institution && (client === 'partner' || client === 'node')) {
    command.error(`error: a ${client} needs --institution <code>`);
  }
  const scopes = checkedScopes(command, client, options.scope);
  const config = readConfig();
  if (config.tokens.issuer) {
    throw new ConcordError(
      'CONFIGURATION',
      `Tokens come from CONCORD_OIDC_ISSUER (${config.tokens.issuer}): ask it for one.`,
    );
  }
  const issuer = await openBuiltInIssuer(config.dataDir);
  const token = await issuer.issue({
    client,
    scopes,
    institution,
    subject,
    audience: config.tokens.audience,
    expiresInSeconds: expires,
    keyThumbprint: bind,
  });
  const expiresAt = new Date(Date.now() + expires * 1000).toISOString();
  createOutput(options).result({ token, client, institution: institution ?? null, scopes, expiresAt }, () => token);
}

function checkedScopes(command: Command, client: ClientKind, names: readonly string[] | undefined): readonly Scope[] {
  const allowed = DEFAULT_SCOPES[client];
  const unknown = names?.find((name) => !(allowed as readonly string[]).includes(name));
  if (unknown !== undefined) command.error(`error: the scopes of a client of kind ${client} are ${allowed.join(', ')}`);
  return names ? allowed.filter((scope) => names.includes(scope)) : allowed;
}

function parseDuration(text: string): number {
  const [, digits, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const seconds = Number(digits) * (UNITS[unit ?? ''] ?? Number.NaN);
  if (seconds >= 1 && seconds <= MOST_SECONDS) return seconds;
  throw new InvalidArgumentError('Write a number and one of s, m, h, d: 8h. A year is the most.');
}
