import { type Listing, type Purpose, riskClassOf, sellers, type Theme } from './listing.js';

/** [name, sellers, term in months (0: a year at a time), volatility and yield of the invested part, appeal, theme, purposes] */
type Policy = readonly [
  name: string,
  sellers: string,
  term: number,
  invested: readonly [expectedYield: number, volatility: number] | null,
  appeal: number,
  theme?: Theme,
  purposes?: readonly Purpose[],
];

/** Cover that the insurer underwrites; the retail bank sells some of it under the same codes. */
const POLICIES: readonly Policy[] = [
  ['Home Contents Cover', 'tv', 12, null, 1.2, 'property', ['contents']],
  ['Home Buildings Cover', 'tv', 12, null, 1.0, 'property', ['building']],
  ['Landlord Cover', 'v', 12, null, -0.6, 'property', ['building']],
  ['Motor Third Party', 'v', 12, null, 1.4, undefined, ['comfort']],
  ['Motor Comprehensive', 'tv', 12, null, 1.2, undefined, ['comfort']],
  ['Electric Vehicle Cover', 'v', 12, null, -0.2, 'sustainability', ['comfort']],
  ['Motorcycle Cover', 'v', 12, null, -0.4, undefined, ['comfort']],
  ['Bicycle Cover', 'v', 12, null, 0.0, 'sustainability', ['leisure']],
  ['Travel Single Trip', 'v', 1, null, 0.3, undefined, ['leisure']],
  ['Travel Annual', 'tv', 12, null, 0.7, undefined, ['leisure', 'comfort']],
  ['Personal Liability', 'v', 12, null, 1.1],
  ['Legal Expenses', 'v', 12, null, 0.2],
  ['Cyber and Devices Cover', 'v', 12, null, -0.1, 'technology', ['leisure']],
  ['Pet Cover', 'v', 12, null, 0.0],
  ['Dental Plan', 'v', 12, null, 0.3, undefined, ['old age']],
  ['Hospital Supplement', 'v', 12, null, 0.5, undefined, ['old age']],
  ['Income Protection', 'tv', 120, null, 0.2, undefined, ['family']],
  ['Critical Illness Cover', 'v', 180, null, 0.0, undefined, ['family']],
  ['Term Life 10 Years', 'tv', 120, null, 0.3, undefined, ['family']],
  ['Term Life 20 Years', 'tv', 240, null, 0.5, undefined, ['family']],
  ['Whole Life', 'cv', 480, [0.02, 0.008], 0.0, 'income'],
  ['Funeral Plan', 'v', 240, null, -0.2, undefined, ['old age']],
  ['Endowment Policy', 'tv', 180, [0.027, 0.02], 0.1, 'income'],
  ['Child Education Policy', 'tv', 216, [0.029, 0.03], 0.1, undefined, ['family']],
  ['Deferred Annuity', 'cv', 240, [0.03, 0.03], 0.0, 'income', ['old age']],
  ['Immediate Annuity', 'cv', 300, [0.032, 0.008], -0.1, 'income', ['old age']],
  ['Unit-Linked Balanced', 'cv', 120, [0.042, 0.09], -0.1],
  ['Unit-Linked Growth', 'cv', 180, [0.058, 0.145], -0.3, 'technology'],
  ['Unit-Linked Green', 'v', 180, [0.054, 0.14], -0.4, 'sustainability'],
];

const FAMILIES = ['Motor ', 'Term Life', 'Travel'];

export const INSURANCE: readonly Listing[] = POLICIES.map(
  ([name, letters, term, invested, appeal, theme, purposes], i) => ({
    code: `INS-${String(i + 1).padStart(2, '0')}`,
    name,
    type: 'insurance',
    riskClass: invested ? riskClassOf(invested[1]) : 1,
    expectedYield: invested ? invested[0] : null,
    volatility: invested ? invested[1] : null,
    termMonths: term,
    minimumAmount: invested ? 50 : 0,
    minimumHorizonMonths: invested ? Math.min(term, 120) : 0,
    requiredKnowledge: invested && invested[1] >= 0.05 ? 1 : 0,
    currency: 'EUR',
    attributes: { cover: invested ? 'savings' : term > 12 ? 'life and health' : 'general', ...(theme && { theme }) },
    themes: theme ? { [theme]: 1 } : {},
    purposes,
    family: FAMILIES.find((family) => name.startsWith(family)),
    appeal,
    sellers: sellers(letters),
  }),
);
