import { epsilon } from '../accountant/epsilon.js';
import type { Mechanism } from '../mechanism.js';
import type { CapRecord, LedgerRecord, Spent } from './entry.js';

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
  readonly charges: ReadonlyMap<string, Charge>;
  /** Reservations of earlier periods and their status: they can still be committed or released, and count no more. */
  readonly earlier: ReadonlyMap<string, Charge>;
  /** ε at the cap's δ of what is reserved and committed in the current period. */
  readonly spent: Spent;
}

const NOTHING: Spent = { pld: 0, rdp: 0 };
export const EMPTY_BUDGET: Budget = { cap: undefined, charges: new Map(), earlier: new Map(), spent: NOTHING };

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
 * @throws {BudgetError} where the record breaks a rule; EXHAUSTED where ε of everything reserved and committed, the new charge
 *   included, would pass the cap.
 */
export function applyRecord(budget: Budget, record: LedgerRecord): Budget {
  switch (record.kind) {
    case 'cap':
      return withCap(budget, record);
    case 'reserve': {
      const { cap } = budget;
      if (!cap) throw new BudgetError('NO_CAP', `No budget is set for the population ${record.population}.`);
      if (record.at < cap.at || record.at >= cap.until)
        throw new BudgetError('OUTSIDE_PERIOD', `The budget's period ended on ${cap.until}.`);
      if (budget.charges.has(record.reservation) || budget.earlier.has(record.reservation))
        throw new BudgetError('ALREADY_RESERVED', `The reservation ${record.reservation} exists.`);
      const charge: Charge = { reservation: record.reservation, status: 'reserved', mechanisms: record.mechanisms };
      const next = spending({ ...budget, charges: new Map(budget.charges).set(record.reservation, charge) });
      if (next.spent.pld > cap.epsilon)
        throw new BudgetError('EXHAUSTED', `This would spend ε = ${next.spent.pld.toFixed(4)} of ${cap.epsilon}.`);
      return next;
    }
    case 'commit':
      return settle(budget, record.reservation, 'committed');
    case 'release':
      return settle(budget, record.reservation, 'released');
  }
}

function withCap(budget: Budget, record: CapRecord): Budget {
  const sane = record.epsilon > 0 && record.delta > 0 && record.delta < 1 && record.until > record.at;
  if (!sane) throw new BudgetError('BAD_CAP', 'A cap needs ε > 0, 0 < δ < 1 and an end after its beginning.');
  if (budget.cap && record.at < budget.cap.until) {
    // Within a period the cap may be changed, but what was charged goes on counting.
    return spending({ ...budget, cap: { ...record, at: budget.cap.at } });
  }
  const earlier = new Map([...budget.earlier, ...budget.charges]);
  return { cap: record, charges: new Map(), earlier, spent: NOTHING };
}

function settle(budget: Budget, reservation: string, status: 'committed' | 'released'): Budget {
  for (const period of ['charges', 'earlier'] as const) {
    const charge = budget[period].get(reservation);
    if (!charge) continue;
    if (charge.status !== 'reserved')
      throw new BudgetError('ALREADY_SETTLED', `The reservation ${reservation} is ${charge.status} already.`);
    const settled = { ...budget, [period]: new Map(budget[period]).set(reservation, { ...charge, status }) };
    // A commitment changes nothing that counts.
    return status === 'released' && period === 'charges' ? spending(settled) : settled;
  }
  throw new BudgetError('UNKNOWN_RESERVATION', `There is no reservation ${reservation}.`);
}

/** All mechanisms that count: reserved and committed in the current period. */
export function chargedMechanisms({ charges }: Budget): Mechanism[] {
  return [...charges.values()].filter(({ status }) => status !== 'released').flatMap(({ mechanisms }) => mechanisms);
}

function spending(budget: Budget): Budget {
  const mechanisms = chargedMechanisms(budget);
  const delta = budget.cap?.delta;
  if (delta === undefined || mechanisms.length === 0) return { ...budget, spent: NOTHING };
  return { ...budget, spent: { pld: epsilon(mechanisms, delta, 'pld'), rdp: epsilon(mechanisms, delta, 'rdp') } };
}
