import { type DemoEvent, eventsOf } from './events.js';
import { choose, type DemoHolding } from './holdings.js';
import { INSTITUTIONS, type InstitutionPlan, REFERENCE } from './institutions.js';
import { type DemoProduct, LISTINGS, productsOf } from './products.js';
import { Random } from './random.js';
import { riskLabelOf } from './risk.js';
import { type DemoUser, usersOf } from './users.js';

export interface DemoOptions {
  /** The moment up to which there is behaviour. Everything else follows from the seed. */
  readonly now: Date;
  /** Default 1. */
  readonly seed?: number;
  /** Share of the users that are generated, for tests: .01 makes about 100. Default 1. */
  readonly scale?: number;
}

/** A user with everything of theirs. */
export interface DemoRecord {
  readonly user: DemoUser;
  readonly holdings: readonly DemoHolding[];
  /** Drawn anew, and the same, at each call: all events of all users at once would fill the memory. */
  readonly events: () => DemoEvent[];
  readonly riskLabel: 0 | 1 | undefined;
}

export interface DemoInstitution {
  readonly id: string;
  readonly plan: Pick<InstitutionPlan, 'code' | 'name' | 'kind' | 'country' | 'currency'>;
  readonly products: readonly DemoProduct[];
  /** Of the prices of its products, which are the same at each institution. */
  readonly priceSeed: number;
  readonly records: readonly DemoRecord[];
  /** What its users are for, where that is stored: those of the reference panel are never trained on. */
  readonly fold?: 'test';
}

/** One institution of the demo consortium with everything in it: a pure function of plan and options. */
export function generateInstitution(plan: InstitutionPlan, { now, seed = 1, scale = 1 }: DemoOptions): DemoInstitution {
  const products = productsOf(plan.code);
  const records = recordsOf(plan, scaled(plan.users, scale), new Random(seed).fork(plan.code), now);
  return { id: institutionIdOf(plan, { seed }), plan, products, priceSeed: seed, records };
}

const scaled = (users: number, scale: number): number => Math.max(1, Math.round(users * scale));

/**
 * The reference panel: other people like those of the three institutions, in the same proportion, with products of the kind of institution
 * that each of them is like. The same function of the options.
 */
export function generateReference({ now, seed = 1, scale = 1 }: DemoOptions): DemoInstitution {
  const random = new Random(seed).fork(REFERENCE.code);
  const all = INSTITUTIONS.reduce((sum, { users }) => sum + users, 0);
  const records = INSTITUTIONS.flatMap((plan) => {
    const like = { ...plan, userPrefix: `${REFERENCE.userPrefix}-${plan.userPrefix}` };
    return recordsOf(like, scaled((REFERENCE.users * plan.users) / all, scale), random.fork(plan.code), now);
  });
  return {
    id: institutionIdOf(REFERENCE, { seed }),
    plan: REFERENCE,
    products: LISTINGS.map(({ sellers: _, ...product }) => product),
    priceSeed: seed,
    records,
    fold: 'test',
  };
}

function recordsOf(plan: InstitutionPlan, count: number, random: Random, now: Date): DemoRecord[] {
  const products = productsOf(plan.code);
  const users = usersOf(plan, count, random.fork('users'), now);
  const [choices, behaviour, risks] = ['holdings', 'events', 'risk'].map((label) => random.fork(label));
  return users.map((user): DemoRecord => {
    const choice = choose(plan, user, products, choices.child(), now);
    const seed = behaviour.seed();
    return {
      user,
      holdings: choice.holdings,
      events: () => eventsOf(plan, user, choice, new Random(seed), now),
      riskLabel: riskLabelOf(user, risks.child(), now),
    };
  });
}

/** The id that the institution has in a new database. */
export function institutionIdOf(plan: Pick<InstitutionPlan, 'code'>, { seed = 1 }: Pick<DemoOptions, 'seed'>): string {
  return new Random(seed).fork(plan.code).fork('id').uuid();
}
