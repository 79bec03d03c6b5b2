import { addressParts, applicationAddress, parseAddress } from './address.js';

describe('an address', () => {
  test.each([
    '',
    'nonsense',
    'http://user@host/db',
    'postgres//user@host',
    '/var/run/postgresql',
  ])('%j is none', (url) => {
    expect(() => parseAddress(url)).toThrow(
      expect.objectContaining({
        code: 'CONFIGURATION',
        message: 'DATABASE_URL must look like postgres://user:password@host:5432/database.',
      }),
    );
  });

  test('names a role, and the database of that name where it names none', () => {
    expect(() => parseAddress('postgres://host/db')).toThrow('must name a user');
    expect(addressParts('postgres://anna:secret@db.example')).toEqual({
      role: 'anna',
      database: 'anna',
      place: 'db.example:5432',
    });
    expect(addressParts('postgresql://anna@db.example:6432/a%20b?sslmode=require')).toEqual({
      role: 'anna',
      database: 'a b',
      place: 'db.example:6432',
    });
    expect(addressParts('postgres://anna@localhost/db?host=/run/pg').place).toBe('/run/pg');
  });
});

describe('the address of the application', () => {
  const owner = 'postgres://owner:a%40b@host:5433/bank?sslmode=disable';

  test("is the owner's with the role concord_app and a password that every replica derives alike", () => {
    const derived = new URL(applicationAddress(owner));
    expect(derived.username).toBe('concord_app');
    expect(derived.password).toMatch(/^[0-9a-f]{64}$/);
    expect(`${derived.host}${derived.pathname}${derived.search}`).toBe('host:5433/bank?sslmode=disable');
    expect(applicationAddress(owner)).toBe(derived.href);
    const other = new URL(applicationAddress(owner.replace('a%40b', 'ab')));
    expect(other.password).not.toBe(derived.password);
  });

  test('is DATABASE_APP_URL where that is set, and must be where the owner has no password', () => {
    expect(applicationAddress(owner, 'postgres://app:pw@host/bank')).toBe('postgres://app:pw@host/bank');
    expect(() => applicationAddress('postgres://owner@host/bank')).toThrow('set DATABASE_APP_URL too');
  });
});
