import { priceHistory, suspectedSplit } from '../risk/market/history.js';
import { priceFiguresOf } from '../risk/market/price-figures.js';
import { riskFiguresOf } from '../risk/market/risk-figures.js';
import { type DemoInstitution, type DemoRecord, generateInstitution, generateReference } from './consortium.js';
import { HISTORY_DAYS } from './events.js';
import { INSTITUTIONS, REFERENCE } from './institutions.js';
import { pricesOf } from './prices.js';
import { LISTINGS, productsOf, riskClassOf } from './products.js';

const NOW = new Date('2026-03-01T12:00:00Z');
const DAY = 86_400_000;
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

function correlation(a: readonly number[], b: readonly number[]): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  const product = mean(a.map((value, i) => (value - meanA) * (b[i] - meanB)));
  const deviation = (values: readonly number[], centre: number) =>
    Math.sqrt(mean(values.map((value) => (value - centre) ** 2)));
  return product / (deviation(a, meanA) * deviation(b, meanB));
}

/** With the events written out, to compare. */
const plain = (institution: DemoInstitution) => ({
  ...institution,
  records: institution.records.map((record) => ({ ...record, events: record.events() })),
});

const [retail, priv, insurer] = INSTITUTIONS.map((plan) => generateInstitution(plan, { now: NOW, scale: 0.2 }));
const all = [retail, priv, insurer];
const records = all.flatMap((institution) => institution.records);
const behaviour = records.map((record) => ({ user: record.user, events: record.events() }));
const events = behaviour.flatMap((record) => record.events);

describe('the products of the demo consortium', () => {
  it('are about 200 in three catalogues, of six types, some sold by more than one institution', () => {
    const sold = INSTITUTIONS.flatMap((plan) => productsOf(plan.code));
    expect(sold.length).toBeGreaterThan(190);
    expect(sold.length).toBeLessThan(220);
    expect(new Set(sold.map(({ type }) => type)).size).toBe(6);
    expect(new Set(LISTINGS.map(({ code }) => code)).size).toBe(LISTINGS.length);
    expect(LISTINGS.filter(({ sellers }) => sellers.length > 1).length).toBeGreaterThan(40);
    for (const plan of INSTITUTIONS) {
      expect(new Set(productsOf(plan.code).map(({ riskClass }) => riskClass))).toEqual(new Set([1, 2, 3, 4, 5]));
    }
  });

  it.each(LISTINGS.map((listing) => [listing.code, listing] as const))('%s is in range', (_, listing) => {
    expect(listing.sellers.length).toBeGreaterThan(0);
    for (const seller of listing.sellers) expect(INSTITUTIONS.map(({ code }) => code)).toContain(seller);
    if (listing.volatility !== null) expect(listing.riskClass).toBe(riskClassOf(listing.volatility));
    else expect(listing.riskClass).toBeLessThanOrEqual(2);
    expect(listing.minimumAmount).toBeGreaterThanOrEqual(0);
    expect(listing.minimumHorizonMonths).toBeGreaterThanOrEqual(0);
    expect(listing.currency).toMatch(/^[A-Z]{3}$/);
    if (listing.expectedYield !== null) expect(Math.abs(listing.expectedYield)).toBeLessThan(0.2);
  });
});

describe('made-up prices', () => {
  const priced = LISTINGS.filter((listing) => pricesOf(listing, 1, NOW).length > 0);

  it('are there for all funds, bonds and stocks, long enough for the summary risk indicator', () => {
    expect(new Set(priced.map(({ type }) => type))).toEqual(new Set(['fund', 'bond', 'stock']));
    expect(priced.length).toBe(LISTINGS.filter(({ type }) => ['fund', 'bond', 'stock'].includes(type)).length);
    for (const listing of priced) {
      const history = priceHistory(pricesOf(listing, 1, NOW));
      expect(history).toMatchObject({
        sufficient: true,
        gaps: 0,
        frequency: listing.type === 'bond' ? 'monthly' : 'weekly',
      });
      expect(suspectedSplit(history.points)).toBeUndefined();
    }
  });

  it('are about as volatile as the products say', () => {
    for (const listing of priced) {
      const figures = riskFiguresOf({ ...listing, priceFigures: priceFiguresOf(pricesOf(listing, 1, NOW)) })!;
      expect(Math.abs(figures.volatility / listing.volatility! - 1)).toBeLessThan(0.35);
    }
  });

  it('are the same for the same seed, and others for another', () => {
    expect(pricesOf(priced[0], 1, NOW)).toEqual(pricesOf(priced[0], 1, NOW));
    expect(pricesOf(priced[0], 1, NOW)).not.toEqual(pricesOf(priced[0], 2, NOW));
  });
});

describe('a generated institution', () => {
  it('is the same for the same seed and moment, and another for another seed', () => {
    const again = generateInstitution(INSTITUTIONS[1], { now: NOW, scale: 0.02 });
    expect(plain(generateInstitution(INSTITUTIONS[1], { now: NOW, scale: 0.02 }))).toEqual(plain(again));
    const other = generateInstitution(INSTITUTIONS[1], { now: NOW, scale: 0.02, seed: 2 });
    expect(other.id).not.toBe(again.id);
    expect(other.records[0].user.attributes).not.toEqual(again.records[0].user.attributes);
  });

  it('has the same first users at any scale', () => {
    const few = generateInstitution(INSTITUTIONS[2], { now: NOW, scale: 0.004 });
    expect(plain(insurer).records.slice(0, 10)).toEqual(plain(few).records);
  });

  it('holds what the plans say, about 20 events a user among it', () => {
    expect(records.length).toBe(2000);
    expect(events.length / records.length).toBeGreaterThan(17);
    expect(events.length / records.length).toBeLessThan(23);
    const holdings = (institution: DemoInstitution) => mean(institution.records.map((c) => c.holdings.length));
    expect(holdings(priv)).toBeGreaterThan(1.5 * holdings(retail));
    expect(new Set(records.map(({ user }) => user.id)).size).toBe(records.length);
    const cold = records.filter(({ user }) => user.cold);
    expect(cold.length).toBeGreaterThan(20);
    for (const record of cold) {
      expect(record).toMatchObject({ holdings: [], user: { questionnaire: undefined } });
      expect(record.events()).toEqual([]);
    }
  });

  it('has behaviour of the two years up to now, in order, and none before the user came', () => {
    const wrong = behaviour.filter(({ user, events }) =>
      events.some(({ occurredAt }, i) => {
        const time = occurredAt.getTime();
        const earliest = Math.max(NOW.getTime() - HISTORY_DAYS * DAY, Math.floor(user.customerSince.getTime()));
        return time < earliest || time > NOW.getTime() || (i > 0 && occurredAt < events[i - 1].occurredAt);
      }),
    );
    expect(wrong).toEqual([]);
    const lately = events.filter(({ occurredAt }) => NOW.getTime() - occurredAt.getTime() < DAY);
    expect(lately.length).toBeGreaterThan(20);
  });

  it('owns no product twice and one of a family at most', () => {
    const repeats = (values: readonly unknown[]) => new Set(values).size < values.length;
    const wrong = records.filter(
      ({ holdings }) =>
        repeats(holdings.map(({ product }) => product.code)) ||
        repeats(holdings.flatMap(({ product }) => product.family ?? [])) ||
        holdings.some(({ amount, acquiredAt }) => !(amount > 0) || acquiredAt >= NOW),
    );
    expect(wrong).toEqual([]);
  });

  it('has questionnaires for most, some of them expired', () => {
    const answers = records.map(({ user }) => user.questionnaire).filter((answer) => answer !== undefined);
    expect(answers.length / records.length).toBeGreaterThan(0.7);
    expect(answers.length / records.length).toBeLessThan(0.95);
    const expired = answers.filter(({ expiresAt }) => expiresAt <= NOW);
    expect(expired.length / answers.length).toBeGreaterThan(0.08);
    expect(expired.length / answers.length).toBeLessThan(0.2);
    for (const answer of answers) {
      expect(answer.completedAt.getTime()).toBeLessThan(NOW.getTime());
      expect([1, 2, 3, 4, 5]).toContain(answer.riskTolerance);
      expect([0, 1, 2, 3]).toContain(answer.knowledge);
      expect(answer.investableAmount).toBeGreaterThanOrEqual(0);
    }
  });
});

describe('the truth behind the data', () => {
  const owners = records.filter(({ holdings }) => holdings.length > 0);
  const truth = owners.map(({ user }) => user.truth);
  const meanRiskClass = owners.map(({ holdings }) => mean(holdings.map(({ product }) => product.riskClass)));

  it('lets tolerance, age and experience show in what people own', () => {
    expect(
      correlation(
        truth.map(({ tolerance }) => tolerance),
        meanRiskClass,
      ),
    ).toBeGreaterThan(0.35);
    expect(
      correlation(
        truth.map(({ age }) => age),
        truth.map(({ tolerance }) => tolerance),
      ),
    ).toBeLessThan(-0.1);
    const share = (type: string) =>
      owners.map(({ holdings }) => mean(holdings.map((h) => (h.product.type === type ? 1 : 0))));
    expect(
      correlation(
        truth.map(({ knowledge }) => knowledge),
        share('fund'),
      ),
    ).toBeGreaterThan(0.2);
    expect(
      correlation(
        truth.map(({ age }) => age),
        share('loan'),
      ),
    ).toBeLessThan(-0.05);
  });

  it('lets a hidden liking show in what people own and look at', () => {
    const green = (products: readonly { themes: { sustainability?: number } }[]) =>
      mean(products.map(({ themes }) => themes.sustainability ?? 0));
    const liking = truth.map(({ likings }) => likings.sustainability);
    expect(
      correlation(
        liking,
        owners.map(({ holdings }) => green(holdings.map(({ product }) => product))),
      ),
    ).toBeGreaterThan(0.15);
    const looking = owners
      .map(({ user, events }) => ({
        user,
        seen: events().flatMap((e) => (e.type === 'view' && e.product ? [e.product] : [])),
      }))
      .filter(({ seen }) => seen.length > 0);
    expect(
      correlation(
        looking.map(({ user }) => user.truth.likings.sustainability),
        looking.map(({ seen }) => green(seen)),
      ),
    ).toBeGreaterThan(0.1);
  });

  it('differs between the institutions', () => {
    const income = (institution: DemoInstitution) => mean(institution.records.map(({ user }) => user.truth.income));
    const age = (institution: DemoInstitution) => mean(institution.records.map(({ user }) => user.truth.age));
    expect(income(priv)).toBeGreaterThan(1.8 * income(retail));
    expect(age(priv)).toBeGreaterThan(age(retail) + 5);
  });
});

describe('the reference panel', () => {
  const panel = generateReference({ now: NOW });

  it('is the same for the same seed and moment', () => {
    expect(plain(generateReference({ now: NOW }))).toEqual(plain(panel));
  });

  it('is of other people than the institutions, like theirs, in the same proportion, and none of them is trained on', () => {
    expect(panel.records.length).toBe(REFERENCE.users);
    const ids = [...records, ...panel.records].map(({ user }) => user.id);
    expect(new Set(ids).size).toBe(ids.length);
    const externalIds = panel.records.map(({ user }) => user.externalId);
    expect(new Set(externalIds).size).toBe(externalIds.length);
    expect(
      INSTITUTIONS.map(({ userPrefix }) => externalIds.filter((id) => id.includes(`-${userPrefix}-`)).length),
    ).toEqual([300, 75, 125]);
    const income = (of: readonly DemoRecord[]) => mean(of.map(({ user }) => Math.log(user.truth.income)));
    expect(Math.abs(income(panel.records) - income(records))).toBeLessThan(0.15);
    expect(panel.fold).toBe('test');
  });

  it('sells whatever its users own', () => {
    const sold = new Set(panel.products.map(({ code }) => code));
    for (const { holdings } of panel.records) for (const { product } of holdings) expect(sold).toContain(product.code);
  });
});
