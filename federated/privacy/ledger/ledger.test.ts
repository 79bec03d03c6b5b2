import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { canonicalJson } from '../../canonical-json.js';
import { ACCOUNTANT_VERSION } from '../accountant/epsilon.js';
import { combineEqual, type Mechanism, Releases } from '../mechanism.js';
import {
  applyRecord,
  type Budget,
  BudgetError,
  chargedMechanisms,
  EMPTY_BUDGET,
  measureSpent,
  rememberingMeasure,
} from './budget.js';
import { chainEntry, entryHash, entryLeaf } from './chain.js';
import { signCheckpoint } from './checkpoint.js';
import type { LedgerEntry, LedgerRecord } from './entry.js';
import { GrowingMap } from './growing-map.js';
import { inclusionProof, leafHash, MerkleFrontier, merkleRoot, verifyInclusion } from './merkle.js';
import { verifyExport, verifyLedger, verifyStream } from './verify.js';

const INSTITUTION = '00000000-0000-4000-8000-000000000001';
const step: Mechanism = { mechanism: 'subsampled-gaussian', samplingRate: 0.05, noiseMultiplier: 2, steps: 50 };

const cap = (overrides: Partial<Extract<LedgerRecord, { kind: 'cap' }>> = {}): LedgerRecord => ({
  kind: 'cap',
  population: 'all',
  at: '2026-01-01T00:00:00.000Z',
  until: '2027-01-01T00:00:00.000Z',
  epsilon: 2,
  delta: 1e-5,
  ...overrides,
});
const reserve = (reservation: string, at = '2026-02-01T00:00:00.000Z'): LedgerRecord => ({
  kind: 'reserve',
  population: 'all',
  at,
  reservation,
  mechanisms: [step],
  run: 'run',
  round: `round of ${reservation}`,
  node: 'node',
});
const commit = (reservation: string): LedgerRecord => ({
  kind: 'commit',
  population: 'all',
  at: '2026-02-01T00:00:01.000Z',
  reservation,
  reason: 'accepted',
});
const release = (reservation: string): LedgerRecord => ({
  kind: 'release',
  population: 'all',
  at: '2026-02-01T00:00:01.000Z',
  reservation,
  reason: 'round-closed',
});

const replay = (...records: LedgerRecord[]): Budget =>
  records.reduce((budget, record) => applyRecord(budget, record), EMPTY_BUDGET);
const codeOf = (work: () => unknown): string | undefined => {
  try {
    work();
  } catch (error) {
    if (error instanceof BudgetError) return error.code;
    throw error;
  }
  return undefined;
};

describe('budget', () => {
  test('a reservation is spent at once, a commitment changes nothing, a release gives it back', () => {
    const reserved = replay(cap(), reserve('a'));
    expect(reserved.spent.pld).toBeGreaterThan(0.4);
    expect(reserved.spent.rdp).toBeGreaterThanOrEqual(reserved.spent.pld);
    expect(applyRecord(reserved, commit('a')).spent).toEqual(reserved.spent);
    expect(applyRecord(reserved, release('a')).spent).toMatchObject({ pld: 0, rdp: 0 });
  });

  test('the cap is never passed, whatever the order of reservations, commitments and releases', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(5), fc.constantFrom(reserve, commit, release)), { maxLength: 12 }),
        (ops) => {
          let budget = replay(cap({ epsilon: 1 }));
          for (const [id, make] of ops) {
            try {
              budget = applyRecord(budget, make(`r${id}`));
            } catch (error) {
              if (!(error instanceof BudgetError)) throw error;
            }
            if (budget.spent.pld > 1) return false;
          }
          return true;
        },
      ),
      { numRuns: 30 },
    );
  });

  test.each([
    ['NO_CAP', [reserve('a')]],
    ['EXHAUSTED', [cap({ epsilon: 0.1 }), reserve('a')]],
    ['OUTSIDE_PERIOD', [cap(), reserve('a', '2027-01-01T00:00:00.000Z')]],
    ['ALREADY_RESERVED', [cap(), reserve('a'), reserve('a')]],
    ['UNKNOWN_RESERVATION', [cap(), commit('a')]],
    ['ALREADY_SETTLED', [cap(), reserve('a'), commit('a'), release('a')]],
    ['BAD_CAP', [cap({ epsilon: 0 })]],
  ])('%s', (code, records) => {
    expect(codeOf(() => replay(...(records as LedgerRecord[])))).toBe(code);
  });

  test('a new period starts from nothing; a changed cap within a period does not', () => {
    const raised = replay(cap(), reserve('a'), cap({ at: '2026-03-01T00:00:00.000Z', epsilon: 3 }));
    expect(raised.spent.pld).toBeGreaterThan(0.4);
    const next = replay(
      cap(),
      reserve('a'),
      cap({ at: '2027-01-01T00:00:00.000Z', until: '2028-01-01T00:00:00.000Z' }),
      commit('a'),
    );
    expect(next.spent).toMatchObject({ pld: 0, rdp: 0 });
  });
});

describe('what counts is kept up to date', () => {
  const mechanisms = fc.array(
    fc.oneof(
      fc.record({
        mechanism: fc.constant('subsampled-gaussian' as const),
        samplingRate: fc.constantFrom(0.01, 0.02),
        noiseMultiplier: fc.constantFrom(1, 2),
        steps: fc.integer({ min: 1, max: 9 }),
      }),
      fc.record({
        mechanism: fc.constant('gaussian' as const),
        noiseMultiplier: fc.constantFrom(5, 6),
        count: fc.integer({ min: 1, max: 3 }),
      }),
      fc.record({
        mechanism: fc.constant('approximate' as const),
        epsilon: fc.constantFrom(0.1, 0.2),
        delta: fc.constant(0),
      }),
    ),
    { maxLength: 8 },
  );

  test('releases that were added and taken away again leave what was there, in the same words', () => {
    fc.assert(
      fc.property(mechanisms, mechanisms, (kept, taken) => {
        const left = Releases.NONE.plus(taken).plus(kept).minus(taken).toMechanisms();
        expect(left).toEqual(combineEqual(kept));
        expect(JSON.stringify(Releases.NONE.plus(kept).toMechanisms())).toBe(JSON.stringify(combineEqual(kept)));
      }),
    );
  });

  test('through a thousand charges, settled in any order, it is what the charges say', () => {
    const seen: number[] = [];
    const measure = rememberingMeasure((charged) => {
      seen.push(charged.length);
      return { pld: 0, rdp: 0 };
    });
    let budget = replay(cap());
    for (let i = 0; i < 1000; i++) {
      budget = applyRecord(budget, reserve(`r${i}`), measure);
      if (i % 3 === 2) budget = applyRecord(budget, (i % 2 === 0 ? commit : release)(`r${i - 2}`), measure);
    }
    const counting = [...budget.charges.values()].filter(({ status }) => status !== 'released');
    expect(budget.charges.get('r999')?.status).toBe('reserved');
    expect(chargedMechanisms(budget)).toEqual(combineEqual(counting.flatMap((charge) => charge.mechanisms)));
    expect(Math.max(...seen)).toBe(1);
  });

  test('a growing map is a map, and what was is not changed by what comes', () => {
    const keys = fc.array(fc.tuple(fc.nat(400), fc.nat()), { maxLength: 700 });
    fc.assert(
      fc.property(keys, keys, (first, second) => {
        const grow = (changes: [number, number][], from = GrowingMap.empty<number, number>()) =>
          changes.reduce((map, [key, value]) => map.with(key, value), from);
        const before = grow(first);
        const after = grow(second, before);
        const plain = new Map(first);
        expect([...before.values()]).toEqual([...plain.values()]);
        for (const [key, value] of second) plain.set(key, value);
        expect([...after.values()]).toEqual([...plain.values()]);
        expect([...before.and(grow(second)).values()]).toEqual([...plain.values()]);
        for (const [key] of first) expect([after.get(key), after.has(key)]).toEqual([plain.get(key), true]);
        expect(after.has(500)).toBe(false);
      }),
      { numRuns: 30 },
    );
  });
});

describe('Merkle tree', () => {
  test('leaf by leaf it has the roots of the whole', () => {
    let tree = MerkleFrontier.EMPTY;
    const leaves: Buffer[] = [];
    for (let size = 0; size <= 70; size++) {
      expect(tree.root().equals(merkleRoot(leaves))).toBe(true);
      expect(tree.size).toBe(size);
      leaves.push(leafHash(Buffer.of(size)));
      tree = tree.with(leaves[size]);
    }
  });

  test('the empty tree and one leaf are as RFC 6962 has them', () => {
    expect(merkleRoot([]).toString('hex')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(leafHash(Buffer.alloc(0)).toString('hex')).toBe(
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    );
  });

  test('every leaf has a proof, which holds for no other leaf, index or size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(), (size, pick) => {
        const leaves = Array.from({ length: size }, (_, i) => leafHash(Buffer.of(i)));
        const index = pick % size;
        const root = merkleRoot(leaves);
        const proof = inclusionProof(leaves, index);
        expect(verifyInclusion(leaves[index], index, size, proof, root)).toBe(true);
        expect(verifyInclusion(leafHash(Buffer.of(99)), index, size, proof, root)).toBe(false);
        expect(verifyInclusion(leaves[index], (index + 1) % (size + 1), size, proof, root)).toBe(false);
        expect(verifyInclusion(leaves[index], index, size, [...proof, root], root)).toBe(false);
      }),
    );
  });
});

describe('verification of an export', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const rawKey = publicKey.export({ format: 'jwk' }).x as string;

  function ledger(...records: LedgerRecord[]): LedgerEntry[] {
    const entries: LedgerEntry[] = [];
    let budget = EMPTY_BUDGET;
    for (const record of records) {
      budget = applyRecord(budget, record);
      entries.push(chainEntry(INSTITUTION, entries.at(-1), record, budget.spent));
    }
    return entries;
  }

  const entries = ledger(cap(), reserve('a'), commit('a'), reserve('b', '2026-03-01T00:00:00.000Z'));
  const checkpoint = signCheckpoint(entries, '2026-03-01T00:00:01.000Z', { key: 'k1', privateKey });
  const lines = [
    JSON.stringify({ type: 'key', id: 'k1', publicKey: rawKey }),
    ...entries.map((entry) => JSON.stringify({ type: 'entry', ...entry })),
    JSON.stringify({ type: 'checkpoint', ...checkpoint }),
  ];

  test('a whole ledger verifies, with its ε', () => {
    const result = verifyExport(lines, new Map([['k1', rawKey]]));
    expect(result.problems).toEqual([]);
    expect(result).toMatchObject({ institution: INSTITUTION, entries: 4, checkpoints: 1, covered: 4 });
    expect(result.budgets.get('all')?.spent.pld).toBe(entries[3].spent.pld);
  });

  test('line by line it is found to be the same', async () => {
    async function* stream(some: readonly string[]) {
      yield* some;
    }
    const trusted = new Map([['k1', rawKey]]);
    expect(await verifyStream(stream(lines), { trusted })).toEqual(verifyExport(lines, trusted));
    const cut = lines.slice(0, 4);
    expect(await verifyStream(stream(cut))).toEqual(verifyExport(cut));
    expect((await verifyStream(stream(cut), { unsigned: true })).problems).toEqual([]);
  });

  test('checkpoints in any order are compared with the entries that each covers', () => {
    const at = (size: number) =>
      JSON.stringify({
        type: 'checkpoint',
        ...signCheckpoint(entries.slice(0, size), checkpoint.at, { key: 'k1', privateKey }),
      });
    expect(verifyExport([...lines, at(1), at(3), at(2)]).problems).toEqual([]);
    const forged = signCheckpoint([entries[1], entries[0]], checkpoint.at, { key: 'k1', privateKey });
    expect(verifyExport([...lines, JSON.stringify({ type: 'checkpoint', ...forged })]).problems).toEqual([
      { line: lines.length + 1, problem: expect.stringContaining('first 2 entries are not those') },
    ]);
  });

  test('any change of any character is found', () => {
    const text = lines.join('\n');
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom('0', 'x', '7', ' ', '"'), (at, character) => {
        const edited = text.slice(0, at) + character + text.slice(at + 1);
        const same = edited.split('\n').every((line, i) => {
          try {
            return canonicalJson(JSON.parse(line)) === canonicalJson(JSON.parse(lines[i]));
          } catch {
            return false;
          }
        });
        return same || verifyExport(edited.split('\n'), new Map([['k1', rawKey]])).problems.length > 0;
      }),
      { numRuns: 60 },
    );
  });

  test.each([
    ['an entry deleted', lines.filter((_, i) => i !== 2), 3],
    ['the last entry deleted', lines.filter((_, i) => i !== 4), 5],
    ['entries swapped', [lines[0], lines[2], lines[1], ...lines.slice(3)], 2],
    ['nothing but the key', lines.slice(0, 1), 1],
  ])('%s: refused, and where', (_, edited, line) => {
    const { problems } = verifyExport(edited);
    expect(problems[0].line).toBe(line);
  });

  test('a wrong sum is found even where every hash was made anew', () => {
    const forged = chainEntry(INSTITUTION, entries[0], entries[1].record, { pld: 0.1, rdp: 0.2 });
    const { problems } = verifyExport([lines[0], lines[1], JSON.stringify({ type: 'entry', ...forged })]);
    expect(problems.map(({ problem }) => problem)).toEqual([
      expect.stringContaining('ε = 0.1 (pld)'),
      expect.stringContaining('ε = 0.2 (rdp)'),
      expect.stringContaining('No checkpoint covers'),
    ]);
  });

  describe('figures of another version of the accountant', () => {
    /** A whole ledger whose writer had another version, which gave these figures; signed as any. */
    const written = (accountant: number | undefined, change: (pld: number) => number, ...records: LedgerRecord[]) => {
      const entries: LedgerEntry[] = [];
      let budget = EMPTY_BUDGET;
      for (const record of records) {
        budget = applyRecord(budget, record, (charged, delta) => {
          const { rdp, pld } = measureSpent(charged, delta);
          return { rdp, pld: change(pld), ...(accountant && { accountant }) };
        });
        const { pld, rdp } = budget.spent;
        entries.push(chainEntry(INSTITUTION, entries.at(-1), record, { pld, rdp, ...(accountant && { accountant }) }));
      }
      const signed = signCheckpoint(entries, '2026-03-01T00:00:01.000Z', { key: 'k1', privateKey });
      return [
        lines[0],
        ...entries.map((entry) => JSON.stringify({ type: 'entry', ...entry })),
        JSON.stringify({ type: 'checkpoint', ...signed }),
      ];
    };
    const records = [cap(), reserve('a'), commit('a'), reserve('b', '2026-03-01T00:00:00.000Z')];

    test.each([
      ['none, which is the first', undefined, 1],
      ['a later one', 99, 99],
    ])('%s: may differ by what accountants may be off by, and the version is told', (_, accountant, version) => {
      for (const apart of [0, 9e-4, -9e-4]) {
        const found = verifyExport(written(accountant, (pld) => pld + apart, ...records));
        expect(found.problems).toEqual([]);
        expect(found.accountants).toEqual(new Map([[version, 4]]));
      }
      for (const apart of [1.1e-3, -1.1e-3]) {
        const { problems } = verifyExport(written(accountant, (pld) => pld + apart, ...records));
        expect(problems.map(({ line }) => line)).toEqual([3, 4, 5]);
        expect(problems[0].problem).toContain(`(pld), by version ${version} of the accountant, where`);
      }
    });

    test('a charge that its writer let in by less than that stands; one that was beyond the cap does not', () => {
      const least = replay(cap(), reserve('a')).spent.pld;
      const charged = (epsilon: number) =>
        verifyExport(written(undefined, (pld) => pld - 9e-4, cap({ epsilon }), reserve('a'))).problems;
      expect(charged(least - 5e-4)).toEqual([]);
      const lied = written(undefined, (pld) => pld / 2, cap({ epsilon: least * 0.75 }), reserve('a'));
      expect(verifyExport(lied).problems[0].problem).toContain('breaks a rule');
    });

    test('the margin is that of the whole, however many entries there are', () => {
      const many = Array.from({ length: 3 }, (_, i) => reserve(`r${i}`));
      let charged = 0;
      const creeping = written(undefined, (pld) => pld - 8e-4 * ++charged, cap(), ...many);
      expect(verifyExport(creeping).problems.map(({ line }) => line)).toEqual([4, 5]);
    });

    test('the version of this accountant is held to its own figures', () => {
      const { problems } = verifyExport(written(ACCOUNTANT_VERSION, (pld) => pld - 1e-5, ...records));
      expect(problems.map(({ line }) => line)).toEqual([3, 4, 5]);
    });

    test('a writer that has changed its version meanwhile goes on', () => {
      const first = written(undefined, (pld) => pld + 5e-4, ...records.slice(0, 2)).slice(1, 3);
      const before = first.map((line) => JSON.parse(line) as LedgerEntry);
      const next = chainEntry(INSTITUTION, before[1], reserve('b', '2026-03-01T00:00:00.000Z'), entries[3].spent);
      const carried = chainEntry(INSTITUTION, before[1], commit('a'), before[1].spent);
      const last = chainEntry(INSTITUTION, carried, reserve('b', '2026-03-01T00:00:00.000Z'), entries[3].spent);
      for (const rest of [[next], [carried, last]]) {
        const file = [...first, ...rest.map((entry) => JSON.stringify({ type: 'entry', ...entry }))];
        expect(verifyLedger(file).problems).toEqual([]);
      }
    });

    test.each([0, -1, 1.5, '1', null])('%j is no version', (accountant) => {
      const forged = chainEntry(INSTITUTION, undefined, cap(), { pld: 0, rdp: 0, accountant: accountant as number });
      const { problems } = verifyLedger([JSON.stringify({ type: 'entry', ...forged })]);
      expect(problems[0].problem).toContain('names no version');
    });
  });

  test('an end that was cut off is missed, with the checkpoint over it or without', () => {
    const early = JSON.stringify({
      type: 'checkpoint',
      ...signCheckpoint(entries.slice(0, 2), checkpoint.at, { key: 'k1', privateKey }),
    });
    expect(verifyExport([...lines, early]).problems).toEqual([]);
    for (const cut of [lines.slice(0, 5), [...lines.slice(0, 5), early], [...lines.slice(0, 4), early]])
      expect(verifyExport(cut).problems).toEqual([
        { line: cut.length, problem: expect.stringContaining('No checkpoint covers') },
      ]);
  });

  test('a history made anew with another key is found by who knows the key', () => {
    const other = generateKeyPairSync('ed25519');
    const otherRaw = other.publicKey.export({ format: 'jwk' }).x as string;
    const forged = signCheckpoint(entries.slice(0, 1), checkpoint.at, { key: 'k1', privateKey: other.privateKey });
    const edited = [
      JSON.stringify({ type: 'key', id: 'k1', publicKey: otherRaw }),
      lines[1],
      JSON.stringify({ type: 'checkpoint', ...forged }),
    ];
    expect(verifyExport(edited).problems).toEqual([]);
    expect(verifyExport(edited, new Map([['k1', rawKey]])).problems.map(({ problem }) => problem)).toEqual([
      expect.stringContaining('not one that you trust'),
      expect.stringContaining('does not verify'),
      expect.stringContaining('No checkpoint covers'),
    ]);
  });

  test('the hash covers every field', () => {
    const entry = entries[1];
    const changed = [
      { ...entry, sequence: 3 },
      { ...entry, institution: 'x' },
      { ...entry, previous: 'x' },
      { ...entry, spent: { ...entry.spent, rdp: 0 } },
      { ...entry, record: { ...entry.record, population: 'x' } },
    ];
    for (const other of changed) expect(entryHash(other)).not.toBe(entry.hash);
    expect(entryLeaf(entry)).toHaveLength(32);
  });
});

describe('canonical JSON', () => {
  test('the example of RFC 8785, section 3.2.3', () => {
    const value = {
      numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '\u20ac$\u000f\u000aA\'\u0042\u0022\u005c\\"/',
      literals: [null, true, false],
    };
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  test('reads back as it was, and has one spelling whatever the order of keys', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);
        expect(canonicalJson(JSON.parse(text))).toBe(text);
      }),
    );
  });

  test.each([[Number.NaN], [Infinity], ['\ud800'], [new Date(0)], [() => 0], [10n]])('%p is refused', (value) => {
    expect(() => canonicalJson({ value })).toThrow(TypeError);
  });
});
