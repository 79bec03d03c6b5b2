import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ConcordError } from '../errors.js';
import { readConfig } from './config.js';
import { VARIABLES, type Variable } from './variables.js';
import { environmentHelp } from './variables-help.js';

const ALL = Object.values(VARIABLES) as Variable<unknown>[];

describe('readConfig', () => {
  it('has a default for everything', () => {
    expect(readConfig({})).toMatchObject({
      environment: 'development',
      server: { host: '127.0.0.1', port: 4000, bodyLimit: 1_048_576, drainMs: 15_000 },
      dataDir: resolve('.concord'),
      demo: true,
      backend: undefined,
      tokens: { issuer: undefined, audience: 'concord', requireBound: false },
    });
  });

  it('takes an empty variable for unset, and spaces around a value for nothing', () => {
    expect(readConfig({ PORT: '', CONCORD_BACKEND: ' wasm ', DATABASE_URL: '' })).toMatchObject({
      server: { port: 4000 },
      backend: 'wasm',
    });
  });

  it('has no demo in production, unless it is asked for', () => {
    expect(readConfig({ NODE_ENV: 'production' })).toMatchObject({ environment: 'production', demo: false });
    expect(readConfig({ NODE_ENV: 'production', CONCORD_ENV: 'development' }).demo).toBe(true);
    expect(readConfig({ CONCORD_ENV: 'production', CONCORD_DEMO: 'on' }).demo).toBe(true);
  });

  const wrong: [string, string][] = [
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', '4e3'],
    ['CONCORD_ENV', 'staging'],
    ['CONCORD_BACKEND', 'abacus'],
    ['CONCORD_LOG_LEVEL', 'loud'],
    ['DATABASE_URL', 'mysql://secret@host/x'],
    ['DATABASE_URL', 'secret'],
    ['CONCORD_OIDC_ISSUER', 'issuer'],
    ['CONCORD_DATA_DIR', 'a\0b'],
    ['CONCORD_MAX_DEPTH', '0'],
    ['CONCORD_DRAIN_SECONDS', '1.5'],
  ];
  it.each(wrong)('refuses %s=%j in one sentence that names it and does not repeat the value', (name, value) => {
    const refused = expect.objectContaining({
      code: 'CONFIGURATION',
      message: expect.stringMatching(new RegExp(`^${name} must be .*\\.$`)),
    });
    expect(() => readConfig({ [name]: value })).toThrow(refused);
    expect(() => readConfig({ [name]: value })).not.toThrow('secret');
  });

  it('refuses a name that there is not, and says which was meant', () => {
    expect(() => readConfig({ CONCORD_BAKEND: 'cpu' })).toThrow(
      'There is no variable CONCORD_BAKEND: did you mean CONCORD_BACKEND?',
    );
    expect(() => readConfig({ CONCORD_ENTIRELY_DIFFERENT_THING: '1' })).toThrow('concord serve --help');
    expect(() => readConfig({ OTHER_PROGRAM: '1' })).not.toThrow();
  });

  it('refuses what makes sense only together', () => {
    expect(() => readConfig({ DATABASE_APP_URL: 'postgres://a@b/c' })).toThrow(ConcordError);
    expect(() => readConfig({ CONCORD_OIDC_JWKS_URL: 'https://issuer/keys' })).toThrow(ConcordError);
  });
});

describe('the table of variables', () => {
  it('has defaults that are allowed, and names that are written once', () => {
    for (const { fallback, parse } of ALL) if (fallback !== undefined) parse(fallback);
    expect(new Set(ALL.map(({ name }) => name)).size).toBe(ALL.length);
  });

  it('is in --help and in docs/configuration.md, each with its default', () => {
    const help = environmentHelp();
    const page = readFileSync(join(import.meta.dirname, '../../docs/configuration.md'), 'utf8');
    for (const { name, fallback, description } of ALL) {
      expect(help).toContain(`  ${name}\n`);
      expect(page).toContain(`| \`${name}\` | ${fallback === undefined ? '' : `\`${fallback}\``} | ${description}`);
    }
  });
});
