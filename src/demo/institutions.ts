/** One member of the demo consortium: its size, and what its users are like. */
export interface InstitutionPlan {
  readonly code: string;
  readonly name: string;
  readonly kind: 'bank' | 'insurer';
  readonly country: string;
  readonly currency: string;
  /** Start of the bank's own user ids: TB-000001. */
  readonly userPrefix: string;
  readonly users: number;
  /** Mean and standard deviation of age in years, cut to 18–92. */
  readonly age: readonly [mean: number, deviation: number];
  /** Share of men: the users of an institution are not balanced in reality either. */
  readonly men: number;
  /** Factors on the income and the wealth of an ordinary user. */
  readonly income: number;
  readonly wealth: number;
  /** Shift of investment experience, in standard deviations. */
  readonly experience: number;
  /** Products a user holds on average, beyond the first. */
  readonly holdings: number;
  /** Behaviour events of an ordinary user in two years. */
  readonly events: number;
  /** What the institution does not know of some users, as shares. */
  readonly unknown: { readonly income: number; readonly utilisation: number; readonly questionnaire: number };
}

/** Invented institutions: a retail bank, a private bank and an insurer. */
export const INSTITUTIONS: readonly InstitutionPlan[] = [
  {
    code: 'tarnbrook-bank',
    name: 'Tarnbrook Bank',
    kind: 'bank',
    country: 'IE',
    currency: 'EUR',
    userPrefix: 'TB',
    users: 6000,
    age: [44, 16],
    men: 0.5,
    income: 1,
    wealth: 1,
    experience: 0,
    holdings: 2.2,
    events: 24,
    unknown: { income: 0.04, utilisation: 0.03, questionnaire: 0.17 },
  },
  {
    code: 'castellane-rowe',
    name: 'Castellane & Rowe Private Bank',
    kind: 'bank',
    country: 'LU',
    currency: 'EUR',
    userPrefix: 'CR',
    users: 1500,
    age: [57, 13],
    men: 0.58,
    income: 2.6,
    wealth: 9,
    experience: 1,
    holdings: 4.5,
    events: 31,
    unknown: { income: 0.08, utilisation: 0.1, questionnaire: 0.05 },
  },
  {
    code: 'veldmoor-insurance',
    name: 'Veldmoor Insurance',
    kind: 'insurer',
    country: 'NL',
    currency: 'EUR',
    userPrefix: 'VM',
    users: 2500,
    age: [49, 15],
    men: 0.52,
    income: 1.15,
    wealth: 1.4,
    experience: -0.2,
    holdings: 1.8,
    events: 17,
    unknown: { income: 0.22, utilisation: 0.3, questionnaire: 0.25 },
  },
];

/**
 * Made-up people whom no bank trains on: versions of a federated model are measured on them, without noise. It sells everything, because
 * they are like the users of all three.
 */
export const REFERENCE = {
  code: 'reference-panel',
  name: 'Reference Panel of the Consortium',
  kind: 'bank',
  country: 'IE',
  currency: 'EUR',
  userPrefix: 'RP',
  users: 500,
} as const satisfies Partial<InstitutionPlan>;
