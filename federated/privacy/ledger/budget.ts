import { ACCOUNTANT_VERSION, epsilon } from '../accountant/epsilon.js';
import { type Mechanism, Releases } from '../mechanism.js';
import { remember } from '../remember.js';
import type { CapRecord, LedgerRecord, Spent } from './entry.js';
import { GrowingMap } from './growing-map.js';

/** A charge that counts: reserved until it is committed or released. */
export interface Charge {
  readonly reservation: string;
  readonly status: 'reserved' | 'committed' | 'released';
  readonly mechanisms: readonly Mechanism[];
}

/** The budget of one population, as its records leave it. */
export interface Budget {
  readonly cap: CapRecord | undefined;
  /** Of the current period, by reservation. */
  readonly charges: GrowingMap<string, Charge>;
  /** Reservations of earlier periods and their status: they can still be committed or released, and count no more. */
  readonly earlier: GrowingMap<string, Charge>;
  /** What counts: reserved and committed in the current period. */
  readonly counting: Releases;
  /** ε at the cap's δ of what is reserved and committed in the current period. */
  readonly spent: Spent;
}

const NOTHING: Spent = { pld: 0, rdp: 0, accountant: ACCOUNTANT_VERSION };
const NO_CHARGES = GrowingMap.empty<string, Charge>();
export const EMPTY_BUDGET: Budget = {
  cap: undefined,
  charges: NO_CHARGES,
  earlier: NO_CHARGES,
  counting: Releases.NONE,
  spent: NOTHING,
};

/** Measures what mechanisms that count together have spent at a δ. */
export type Measure = (mechanisms: readonly Mechanism[], delta: number) => Spent;

export const measureSpent: Measure = (mechanisms, delta) => ({
  pld: epsilon(mechanisms, delta, 'pld'),
  rdp: epsilon(mechanisms, delta, 'rdp'),
  accountant: ACCOUNTANT_VERSION,
});

/** Why a record cannot follow: the code is stable. */
export class BudgetError extends Error {
  readonly code:
    | 'NO_CAP'
    | 'OUTSIDE_PERIOD'
    | 'EXHAUSTED'
    | 'UNKNOWN_RESERVATION'
    | 'ALREADY_SETTLED'
    | 'ALREADY_RESERVED'
    | 'BAD_CAP';

  constructor(code: BudgetError['code'], message: string) {
    super(message);
    this.name = 'BudgetError';
    this.code = code;
  }
}

/**
 * The budget after one more record. Pure: the service that writes a ledger and the auditor who recomputes it both use this, so that there
 * is one set of rules.
 * @param measure called at most once, where the record changes what counts: for who has the figures already, or remembers them
 * @throws {BudgetError} where the record breaks a rule; EXHAUSTED where ε of everything reserved and committed, the new charge
 *   included, would pass the cap.
 */
export function applyRecord(budget: Budget, record: LedgerRecord, measure: Measure = measureSpent): Budget {
  switch (record.kind) {
    case 'cap':
      return withCap(budget, record, measure);
    case 'reserve': {
      const { cap } = budget;
      if (!cap) throw new BudgetError('NO_CAP', `No budget is set for the population ${record.population}.`);
      if (record.at < cap.at || record.at >= cap.until)
        throw new BudgetError('OUTSIDE_PERIOD', `The budget's period ended on ${cap.until}.`);
      if (budget.charges.has(record.reservation) || budget.earlier.has(record.reservation))
        throw new BudgetError('ALREADY_RESERVED', `The reservation ${record.reservation} exists.`);
      const charge: Charge = { reservation: record.reservation, status: 'reserved', mechanisms: record.mechanisms };
      const charges = budget.charges.with(record.reservation, charge);
      const next = spending({ ...budget, charges, counting: budget.counting.plus(record.mechanisms) }, measure);
      if (!(next.spent.pld <= cap.epsilon && Number.isFinite(next.spent.rdp)))
        throw new BudgetError('EXHAUSTED', `This would spend ε = ${next.spent.pld.toFixed(4)} of ${cap.epsilon}.`);
      return next;
    }
    case 'commit':
      return settle(budget, record.reservation, 'committed', measure);
    case 'release':
      return settle(budget, record.reservation, 'released', measure);
  }
}

function withCap(budget: Budget, record: CapRecord, measure: Measure): Budget {
  const sane = record.epsilon > 0 && record.delta > 0 && record.delta < 1 && record.until > record.at;
  if (!sane) throw new BudgetError('BAD_CAP', 'A cap needs ε > 0, 0 < δ < 1 and an end after its beginning.');
  if (budget.cap && record.at < budget.cap.until) {
    // Within a period the cap may be changed, but what was charged goes on counting.
    const next = spending({ ...budget, cap: { ...record, at: budget.cap.at } }, measure);
    if (!Number.isFinite(next.spent.pld + next.spent.rdp))
      throw new BudgetError('BAD_CAP', `What was charged in this period has no ε at δ = ${record.delta}.`);
    return next;
  }
  return { ...EMPTY_BUDGET, cap: record, earlier: budget.earlier.and(budget.charges) };
}

function settle(budget: Budget, reservation: string, status: 'committed' | 'released', measure: Measure): Budget {
  for (const period of ['charges', 'earlier'] as const) {
    const charge = budget[period].get(reservation);
    if (!charge) continue;
    if (charge.status !== 'reserved')
      throw new BudgetError('ALREADY_SETTLED', `The reservation ${reservation} is ${charge.status} already.`);
    const settled = { ...budget, [period]: budget[period].with(reservation, { ...charge, status }) };
    // A commitment changes nothing that counts.
    if (status === 'committed' || period === 'earlier') return settled;
    return spending({ ...settled, counting: budget.counting.minus(charge.mechanisms) }, measure);
  }
  throw new BudgetError('UNKNOWN_RESERVATION', `There is no reservation ${reservation}.`);
}

/**
 * All mechanisms that count: reserved and committed in the current period. Equal ones are one with their counts added up, in an order that
 * depends on nothing but what they are: the same charges have the same figures, to the last digit, whoever computes them.
 */
export const chargedMechanisms = ({ counting }: Budget): Mechanism[] => counting.toMechanisms();

const spending = (budget: Budget, measure: Measure): Budget => ({ ...budget, spent: spentOf(budget, measure) });

/** What counts, measured. */
export function spentOf(budget: Budget, measure: Measure): Spent {
  const mechanisms = chargedMechanisms(budget);
  const delta = budget.cap?.delta;
  return delta === undefined || mechanisms.length === 0 ? NOTHING : measure(mechanisms, delta);
}

/** Compositions that are remembered: what is released, or reserved by several who are charged alike, comes again soon. */
const MOST_REMEMBERED = 1000;

/** A measure that computes a composition once. */
export function rememberingMeasure(measure: Measure = measureSpent): Measure {
  const known = remember<Spent>(MOST_REMEMBERED);
  return (mechanisms, delta) => known(`${delta} ${JSON.stringify(mechanisms)}`, () => measure(mechanisms, delta));
}
