import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { canEnter, postgresAccount } from '../../src/database/embedded/account.js';
import { findBinaries, locateBinaries } from '../../src/database/embedded/binaries.js';
import { choosePlace } from '../../src/database/embedded/place.js';
import { processesOn, sql, useProcesses } from '../support/embedded.js';

jest.setTimeout(180_000);
const processes = useProcesses();
const account = postgresAccount();
const asRoot = account ? describe : describe.skip;
/** An ordinary user (daemon or bin, by distribution), who is not the one as whom root runs PostgreSQL. */
const ORDINARY = { uid: 1, gid: 1 };

test('a platform for which there is no PostgreSQL is told to bring its own', () => {
  expect(() => locateBinaries('sunos-sparc')).toThrow(
    expect.objectContaining({
      code: 'CONFIGURATION',
      message: 'Concord brings no PostgreSQL for sunos-sparc: set DATABASE_URL.',
    }),
  );
});

/** The shell that watches over PostgreSQL ends a moment after it. */
async function gone(dataDir: string): Promise<void> {
  for (const end = Date.now() + 10_000; processesOn(dataDir).length > 0; ) {
    if (Date.now() > end) expect(processesOn(dataDir)).toEqual([]);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test('a data folder that cannot be is refused in one sentence', () => {
  const file = join(processes.folder(), 'file');
  writeFileSync(file, '');
  expect(() => choosePlace(join(file, 'data'), account)).toThrow(
    expect.objectContaining({
      code: 'CONFIGURATION',
      message: `The data folder ${file}/data cannot be written: set CONCORD_DATA_DIR to one that can, or DATABASE_URL.`,
    }),
  );
});

test('a cluster of another major version, without its password, or damaged is refused in one sentence', async () => {
  const dataDir = processes.folder();
  const first = await processes.start({ dataDir });
  await first.stop();
  const version = join(first.folder, 'data', 'PG_VERSION');
  const right = readFileSync(version, 'utf8');
  writeFileSync(version, '12\n');
  expect((await processes.start({ dataDir })).message).toMatch(
    /^The database in \S+ is of PostgreSQL 12, and this Concord brings 18: dump it with the Concord that made it/,
  );
  writeFileSync(version, right);
  const password = readFileSync(join(dataDir, 'postgres.password'));
  writeFileSync(join(dataDir, 'postgres.password'), 'another');
  expect((await processes.start({ dataDir })).message).toMatch(
    /postgres\.password is not the password of the database/,
  );
  rmSync(join(dataDir, 'postgres.password'));
  expect((await processes.start({ dataDir })).message).toMatch(/postgres\.password is missing/);
  writeFileSync(join(dataDir, 'postgres.password'), password);
  rmSync(join(first.folder, 'data', 'global', 'pg_control'));
  expect(await processes.start({ dataDir })).toMatchObject({
    code: 'CONFIGURATION',
    message: expect.stringMatching(/^PostgreSQL does not start in \S+: .*pg_control/),
  });
});

asRoot('root', () => {
  test('keeps the database elsewhere where PostgreSQL cannot enter the data folder, and finds it again', async () => {
    const home = processes.folder(0o700);
    const elsewhere = [join(home, 'too'), processes.folder()];
    const dataDir = join(home, '.concord');
    const first = await processes.start({ dataDir, elsewhere });
    expect(dirname(dirname(first.folder))).toBe(elsewhere[1]);
    expect(readFileSync(join(dataDir, 'postgres.place'), 'utf8').trim()).toBe(first.folder);
    await sql(first.ownerUrl, 'create table kept as select 1 as one');
    await first.stop();
    const second = await processes.start({ dataDir, elsewhere });
    expect(await sql(second.ownerUrl, 'select * from kept')).toEqual([{ one: 1 }]);
    await second.stop();
    rmSync(dataDir, { recursive: true });
    const afresh = await processes.start({ dataDir, elsewhere });
    expect(afresh.folder).not.toBe(first.folder);
    await afresh.stop();
  });

  test('opens an empty data folder for PostgreSQL to enter, and no folder that holds other things', () => {
    const [empty, used] = [processes.folder(0o700), processes.folder(0o700)];
    writeFileSync(join(used, 'letter.txt'), '');
    expect(choosePlace(empty, account, []).folder).toBe(join(empty, 'postgres'));
    expect(statSync(empty).mode & 0o777).toBe(0o711);
    expect(() => choosePlace(used, account, [])).toThrow('cannot enter the data folder');
    expect(statSync(used).mode & 0o777).toBe(0o700);
    chmodSync(empty, 0o700);
    expect(() => choosePlace(empty, account, [processes.folder()])).toThrow('any more, where its database is');
  });

  test('is told so where there is no such place', () => {
    const dataDir = join(processes.folder(0o700), '.concord');
    expect(() => choosePlace(dataDir, account, [])).toThrow(
      expect.objectContaining({
        code: 'CONFIGURATION',
        message: `PostgreSQL, which runs as nobody here, cannot enter the data folder ${dataDir}: set CONCORD_DATA_DIR to a folder outside of a private home, or DATABASE_URL.`,
      }),
    );
  });

  test('copies the programs where PostgreSQL cannot read them: the repository may lie in a private home', () => {
    const home = processes.folder(0o700);
    const folder = processes.folder();
    const { native, version } = locateBinaries();
    const hidden = join(home, 'native');
    cpSync(native, hidden, { recursive: true, verbatimSymlinks: true });
    expect(canEnter(join(hidden, 'bin'), account)).toBe(false);
    const found = findBinaries(folder, account, { native: hidden, version });
    expect(dirname(dirname(found.postgres))).toBe(join(folder, `native-${version}`));
    expect(statSync(found.postgres).uid).toBe(0);
    const before = statSync(found.postgres).ino;
    expect(statSync(findBinaries(folder, account, { native: hidden, version }).postgres).ino).toBe(before);
  });

  test('leaves an ordinary user a PostgreSQL of their own', async () => {
    const dataDir = join(processes.folder(0o777), 'data');
    if (!canEnter(import.meta.dirname, account)) return; // the repository is private: so is Concord
    const first = await processes.start({ dataDir, exclusive: true }, ORDINARY);
    expect(processesOn(dataDir).map(({ uid }) => uid)).toEqual(processesOn(dataDir).map(() => ORDINARY.uid));
    expect(await sql(first.ownerUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
    await first.stop();
    await gone(dataDir);
    const second = await processes.start({ dataDir }); // the same as root
    expect(processesOn(join(dataDir, 'postgres', 'data')).map(({ uid }) => uid)).toContain(ORDINARY.uid);
    expect(await sql(second.ownerUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
    await second.stop();
  });

  test('an ordinary user who cannot write the data folder is told so', async () => {
    const dataDir = processes.folder(0o755);
    if (!canEnter(import.meta.dirname, account)) return;
    expect((await processes.start({ dataDir }, ORDINARY)).message).toMatch(/^The data folder \S+ cannot be written/);
    mkdirSync(join(dataDir, 'below'), { mode: 0o700 });
    expect((await processes.start({ dataDir: join(dataDir, 'below', 'data') }, ORDINARY)).message).toMatch(
      /cannot be written/,
    );
    expect(existsSync(join(dataDir, 'postgres.password'))).toBe(false);
  });
});
