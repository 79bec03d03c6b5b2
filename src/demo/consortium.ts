import { type DemoEvent, eventsOf } from './events.js';
import { choose, type DemoHolding } from './holdings.js';
import type { InstitutionPlan } from './institutions.js';
import { type DemoProduct, productsOf } from './products.js';
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
  readonly plan: InstitutionPlan;
  readonly products: readonly DemoProduct[];
  readonly records: readonly DemoRecord[];
}

/** One institution of the demo consortium with everything in it: a pure function of plan and options. */
export function generateInstitution(plan: InstitutionPlan, { now, seed = 1, scale = 1 }: DemoOptions): DemoInstitution {
  const random = new Random(seed).fork(plan.code);
  const products = productsOf(plan.code);
  const users = usersOf(plan, Math.max(1, Math.round(plan.users * scale)), random.fork('users'), now);
  const [choices, behaviour, risks] = ['holdings', 'events', 'risk'].map((label) => random.fork(label));
  const records = users.map((user): DemoRecord => {
    const choice = choose(plan, user, products, choices.child(), now);
    const seed = behaviour.seed();
    return {
      user,
      holdings: choice.holdings,
      events: () => eventsOf(plan, user, choice, new Random(seed), now),
      riskLabel: riskLabelOf(user, risks.child(), now),
    };
  });
  return { id: institutionIdOf(plan, { seed }), plan, products, records };
}

/** The id that the institution has in a new database. */
export function institutionIdOf(plan: InstitutionPlan, { seed = 1 }: Pick<DemoOptions, 'seed'>): string {
  return new Random(seed).fork(plan.code).fork('id').uuid();
}
