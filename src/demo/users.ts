import type { InstitutionPlan } from './institutions.js';
import { THEMES, type Theme } from './products.js';
import type { Random } from './random.js';

const DAY = 86_400_000;
export const EDUCATION = ['primary', 'secondary', 'vocational', 'university'] as const;
export const EMPLOYMENT = ['student', 'employed', 'self-employed', 'unemployed', 'retired'] as const;
export const HOUSEHOLDS = ['single', 'couple', 'family'] as const;
export const HOUSING = ['rented', 'mortgaged', 'owned'] as const;
const REGIONS = ['capital', 'north', 'east', 'south', 'west', 'islands'] as const;

/** What a bank knows of the user, as it would be imported: null where it does not know. */
export interface DemoAttributes {
  /** Net income a month. */
  readonly income: number | null;
  /** Money in accounts and securities. */
  readonly assets: number;
  readonly employment: (typeof EMPLOYMENT)[number];
  readonly education: (typeof EDUCATION)[number];
  readonly household: (typeof HOUSEHOLDS)[number];
  readonly housing: (typeof HOUSING)[number];
  readonly region: (typeof REGIONS)[number];
  readonly channel: 'branch' | 'web' | 'mobile';
  /** YYYY-MM-DD. */
  readonly customerSince: string;
  /** Share of the credit limit in use, 0 to 1.2. */
  readonly creditUtilisation: number | null;
  /** Payments that were late in the last twelve months. */
  readonly latePayments: number;
  /** Share of income that is saved; below zero: assets shrink. */
  readonly savingsRate: number | null;
}

/** What drives the user's choices and is stored nowhere, except where a questionnaire asks for it. */
export interface DemoTruth {
  readonly age: number;
  /** Risk tolerance on the scale 1 to 5, not rounded. */
  readonly tolerance: number;
  /** Investment knowledge 0 to 3. */
  readonly knowledge: number;
  /** Liking of each theme, standard normal. */
  readonly likings: Readonly<Record<Theme, number>>;
  readonly income: number;
  readonly utilisation: number;
  readonly savingsRate: number;
  readonly horizonMonths: number;
  /** Factor on how much the user does. */
  readonly activity: number;
}

export interface DemoQuestionnaire {
  readonly riskTolerance: number;
  readonly knowledge: number;
  readonly horizonMonths: number;
  readonly investableAmount: number;
  readonly completedAt: Date;
  readonly expiresAt: Date;
}

export interface DemoUser {
  readonly id: string;
  readonly externalId: string;
  readonly attributes: DemoAttributes;
  readonly protectedAttributes: { readonly sex: 'female' | 'male'; readonly birthYear: number };
  readonly questionnaire: DemoQuestionnaire | undefined;
  /** New to the institution: no holdings, no events, no questionnaire. */
  readonly cold: boolean;
  readonly customerSince: Date;
  readonly truth: DemoTruth;
}

const clamp = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value));
const round = (value: number, digits: number) => Number(value.toFixed(digits));

/** One institution's users. The n-th user is the same however many there are. */
export function usersOf(plan: InstitutionPlan, count: number, random: Random, now: Date): DemoUser[] {
  return Array.from({ length: count }, (_, i) => userOf(plan, i, random.child(), now));
}

function userOf(plan: InstitutionPlan, index: number, random: Random, now: Date): DemoUser {
  const age = Math.floor(clamp(plan.age[0] + plan.age[1] * random.normal(), 18, 92));
  const male = random.chance(plan.men);
  const cold = random.chance(0.03);

  // Later cohorts studied longer.
  const schooling = random.normal() + (50 - age) * 0.012;
  const education = schooling < -1.1 ? 0 : schooling < 0.2 ? 1 : schooling < 0.75 ? 2 : 3;
  const employment = employmentOf(age, random);
  const household = age < 24 ? 'single' : random.pick(HOUSEHOLDS, householdWeights(age));

  // Incomes grow to about 50; the gap between the sexes is part of today's world, so it is part of these data.
  const career = clamp((age - 22) / 28, 0, 1);
  const working = { student: 0.32, employed: 1, 'self-employed': 1.1, unemployed: 0.42, retired: 0.68 }[employment];
  const spread = employment === 'self-employed' ? 0.6 : 0.38;
  const gap = male ? 0.05 : -0.05;
  const log = Math.log(1750 * plan.income) + 0.16 * education + 0.35 * career + gap + spread * random.normal();
  const income = Math.exp(log) * working;

  const thrift = random.normal();
  const savingsRate = clamp(0.08 + 0.07 * thrift + 0.05 * Math.log(income / (2400 * plan.income)), -0.25, 0.5);
  const years = clamp((age - 20) / 45, 0.03, 1.2);
  const assets = Math.exp(
    Math.log(14_000 * plan.wealth) +
      0.9 * Math.log(income / (2400 * plan.income)) +
      1.1 * Math.log(years * 2) +
      0.55 * thrift +
      0.8 * random.normal(),
  );
  const wealthy = Math.log10(assets / 14_000);

  const housing = random.pick(HOUSING, housingWeights(age, wealthy, household));

  const experience =
    plan.experience + 0.45 * (education - 1.5) + 0.7 * wealthy + 0.9 * random.normal() + (age > 30 ? 0.2 : -0.3);
  const knowledge = experience < -0.6 ? 0 : experience < 0.7 ? 1 : experience < 1.9 ? 2 : 3;
  const tolerance = clamp(3.1 - 0.03 * (age - 45) + 0.35 * experience + 0.25 * wealthy + 0.8 * random.normal(), 1, 5);
  const likings = Object.fromEntries(THEMES.map((theme) => [theme, random.normal()])) as Record<Theme, number>;
  const horizonMonths = Math.round(clamp((75 - age) * 3.5 + 30 * random.normal(), 3, 360));

  const strain = -0.9 * thrift - 0.5 * Math.log(income / (2400 * plan.income)) + random.normal();
  const utilisation = clamp(0.32 + 0.2 * strain + (employment === 'unemployed' ? 0.15 : 0), 0, 1.2);
  const latePayments = random.poisson(Math.exp(-1.75 + 0.75 * strain));

  const customerSince = cold
    ? new Date(now.getTime() - random.between(0, 40) * DAY)
    : new Date(now.getTime() - (60 + random.exponential(365 * clamp((age - 16) / 6, 0.5, 8))) * DAY);
  const digital = clamp(1.1 - age / 90 + 0.25 * random.normal(), 0.05, 0.98);

  return {
    id: random.uuid(index),
    externalId: `${plan.userPrefix}-${String(index + 1).padStart(6, '0')}`,
    attributes: {
      income: random.chance(plan.unknown.income) ? null : Math.round(income / 10) * 10,
      assets: Math.round(assets / 100) * 100,
      employment,
      education: EDUCATION[education],
      household,
      housing,
      region: random.pick(REGIONS, [30, 15, 14, 20, 16, 5]),
      channel: random.pick(['branch', 'web', 'mobile'] as const, [1 - digital, 0.35, digital]),
      customerSince: customerSince.toISOString().slice(0, 10),
      creditUtilisation: random.chance(plan.unknown.utilisation) ? null : round(utilisation, 2),
      latePayments: latePayments,
      savingsRate: random.chance(plan.unknown.income) ? null : round(savingsRate, 2),
    },
    protectedAttributes: { sex: male ? 'male' : 'female', birthYear: now.getUTCFullYear() - age },
    questionnaire:
      cold || random.chance(plan.unknown.questionnaire)
        ? undefined
        : questionnaireOf({ tolerance, knowledge, horizonMonths, assets }, random, now),
    cold,
    customerSince,
    truth: {
      age,
      tolerance,
      knowledge,
      likings,
      income,
      utilisation,
      savingsRate,
      horizonMonths,
      activity: Math.exp(-0.18 + 0.6 * random.normal()) * (0.55 + 0.9 * digital),
    },
  };
}

function employmentOf(age: number, random: Random): DemoAttributes['employment'] {
  if (age >= 67) return random.chance(0.93) ? 'retired' : 'self-employed';
  if (age >= 60 && random.chance((age - 59) * 0.09)) return 'retired';
  if (age < 26 && random.chance((26 - age) * 0.11)) return 'student';
  return random.pick(['employed', 'self-employed', 'unemployed'] as const, [0.8, 0.14, 0.06]);
}

function householdWeights(age: number): readonly number[] {
  if (age < 32) return [0.5, 0.35, 0.15];
  if (age < 55) return [0.25, 0.25, 0.5];
  return [0.35, 0.55, 0.1];
}

function housingWeights(age: number, wealthy: number, household: DemoAttributes['household']): readonly number[] {
  const settled = clamp((age - 25) / 20, 0, 1) * (household === 'single' ? 0.6 : 1) + 0.25 * wealthy;
  const owned = clamp((age - 45) / 30, 0, 1) * clamp(0.5 + 0.3 * wealthy, 0.1, 1);
  return [clamp(1 - settled, 0.08, 1), clamp(settled, 0.05, 1) * (1 - owned), owned];
}

/** Answers are the truth with the noise of a form; they hold for two years, and some have run out. */
function questionnaireOf(
  truth: Pick<DemoTruth, 'tolerance' | 'knowledge' | 'horizonMonths'> & { assets: number },
  random: Random,
  now: Date,
): DemoQuestionnaire {
  const expired = random.chance(0.14);
  const ageInDays = expired ? random.between(735, 1500) : random.between(1, 725);
  const completedAt = new Date(now.getTime() - ageInDays * DAY);
  return {
    riskTolerance: Math.round(clamp(truth.tolerance + 0.35 * random.normal(), 1, 5)),
    knowledge: truth.knowledge,
    horizonMonths: Math.max(1, Math.round(truth.horizonMonths / 6) * 6),
    investableAmount: Math.round((truth.assets * random.between(0.4, 0.9)) / 100) * 100,
    completedAt,
    expiresAt: new Date(completedAt.getTime() + 730 * DAY),
  };
}
