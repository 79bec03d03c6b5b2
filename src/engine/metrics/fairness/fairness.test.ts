import fc from 'fast-check';
import type { Column } from '../../data/dataset.js';
import { createRandom } from '../../layers/random.js';
import { attention, exposureOf, recallByGroup } from './exposure.js';
import { fairnessOf } from './fairness.js';
import { groupUsers, OTHERS, UNKNOWN } from './groups.js';
import { differenceOf, incompleteBeta, rateOf, ratioOf } from './intervals.js';
import { blindThreshold, groupThresholds, reweighing } from './mitigation.js';

const everyone = (size: number) => Int32Array.from({ length: size }, (_, user) => user);
const categorical = (values: number[], categories: string[]): Column => ({
  kind: 'categorical',
  name: 'sex',
  values: Int32Array.from(values),
  categories,
});
const numeric = (name: string, values: number[]): Column => ({
  kind: 'numeric',
  name,
  values: Float64Array.from(values),
});

describe('intervals', () => {
  test('an exact interval is that of Clopper and Pearson', () => {
    // scipy.stats.binomtest(k, n).proportion_ci(method='exact')
    expect(rateOf(3, 20)).toMatchObject({
      value: 0.15,
      low: expect.closeTo(0.032071, 5),
      high: expect.closeTo(0.378927, 5),
    });
    expect(rateOf(0, 20)).toMatchObject({ low: 0, high: expect.closeTo(0.168433, 5) });
    expect(rateOf(20, 20)).toMatchObject({ low: expect.closeTo(0.831567, 5), high: 1 });
    expect(rateOf(0, 0)).toBeUndefined();
  });

  test('the incomplete beta function of whole numbers is a sum of binomial probabilities', () => {
    expect(incompleteBeta(0.3, 1, 1)).toBeCloseTo(0.3, 12);
    expect(incompleteBeta(0.3, 1, 5)).toBeCloseTo(1 - 0.7 ** 5, 12);
    expect(incompleteBeta(0.5, 500, 500)).toBeCloseTo(0.5, 9);
  });

  test('intervals hold the figure, and swap with the groups', () => {
    const rate = fc.tuple(fc.nat(300), fc.nat(300)).map(([count, more]) => rateOf(count, Math.max(1, count + more))!);
    fc.assert(
      fc.property(rate, rate, (a, b) => {
        const difference = differenceOf(a, b);
        expect(difference.low).toBeLessThanOrEqual(difference.value);
        expect(difference.high!).toBeGreaterThanOrEqual(difference.value);
        expect(differenceOf(b, a).low).toBeCloseTo(-difference.high!, 9);
        const ratio = ratioOf(a, b);
        if (!ratio) return;
        expect(ratio.low).toBeLessThanOrEqual(ratio.value + 1e-12);
        expect(ratio.high ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(ratio.value - 1e-12);
      }),
    );
  });

  test('95 % intervals of a ratio and a difference hold the truth about that often', () => {
    const random = createRandom(4);
    const draw = (p: number, of: number) =>
      rateOf(Array.from({ length: of }, () => random.uniform()).filter((u) => u < p).length, of)!;
    let [ratios, differences] = [0, 0];
    for (let trial = 0; trial < 400; trial++) {
      const [a, b] = [draw(0.4, 80), draw(0.6, 150)];
      const ratio = ratioOf(a, b)!;
      const difference = differenceOf(a, b);
      if (ratio.low <= 2 / 3 && ratio.high! >= 2 / 3) ratios++;
      if (difference.low <= -0.2 && difference.high! >= -0.2) differences++;
    }
    expect(ratios).toBeGreaterThan(370);
    expect(differences).toBeGreaterThan(370);
  });
});

describe('groups', () => {
  test('are categories by size; those without a value are one', () => {
    const values = [...new Array(30).fill(0), ...new Array(50).fill(1), ...new Array(25).fill(-1)];
    const grouping = groupUsers(categorical(values, ['f', 'm']), everyone(105));
    expect(grouping).toMatchObject({ names: ['m', 'f', UNKNOWN], sizes: [50, 30, 25], others: undefined, pooled: 0 });
    expect([grouping.of[0], grouping.of[30], grouping.of[80]]).toEqual([1, 0, 2]);
  });

  test('of an age begin anew at 62, and are quartiles below', () => {
    const grouping = groupUsers(
      numeric(
        'AGE',
        Array.from({ length: 400 }, (_, i) => 20 + (i % 60)),
      ),
      everyone(400),
    );
    expect(grouping.names).toContain('62 and more');
    expect(grouping.names).toHaveLength(5);
    const income = groupUsers(
      numeric(
        'wage',
        Array.from({ length: 400 }, (_, i) => 20 + (i % 60)),
      ),
      everyone(400),
    );
    expect(income.names).not.toContain('62 and more');
    expect(income.names).toHaveLength(4);
  });

  test('nobody can be told from the groups that are shown: each has enough users, and so has the rest', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -1, max: 7 }), { maxLength: 300 }),
        fc.integer({ min: 1, max: 40 }),
        (values, smallest) => {
          const grouping = groupUsers(categorical(values, [...'abcdefgh']), everyone(values.length), smallest);
          const all = grouping.sizes.reduce((sum, size) => sum + size, 0);
          expect(all).toBe(values.length);
          grouping.sizes.forEach((size, group) => {
            expect(grouping.of.filter((of) => of === group)).toHaveLength(size);
            if (all >= smallest) expect(size).toBeGreaterThanOrEqual(smallest);
          });
        },
      ),
    );
  });

  test('a group too small takes the smallest other with it', () => {
    const values = [...new Array(7).fill(0), ...new Array(30).fill(1), ...new Array(90).fill(2)];
    const grouping = groupUsers(categorical(values, ['a', 'b', 'c']), everyone(127));
    expect(grouping).toMatchObject({ names: ['c', OTHERS], sizes: [90, 37], others: 1, pooled: 2 });
  });
});

/** Two groups; the second is as good a risk, and is scored worse. */
function biased({ size = 2000, shift = 0.15 } = {}) {
  const random = createRandom(7);
  const values = Array.from({ length: size }, () => (random.uniform() < 0.4 ? 1 : 0));
  const labels = values.map(() => (random.uniform() < 0.3 ? 1 : 0));
  const probabilities = values.map((group, user) =>
    Math.min(0.99, Math.max(0.01, 0.25 + 0.25 * labels[user] + shift * group + 0.15 * random.normal())),
  );
  return { sample: { labels, probabilities }, grouping: groupUsers(categorical(values, ['m', 'f']), everyone(size)) };
}

describe('fairness', () => {
  const rule = { favourable: 'low', threshold: 0.4 } as const;

  test('counts are those of the four-fold table', () => {
    const labels = [0, 0, 1, 1, 0, 0, 1, Number.NaN];
    const probabilities = [0.1, 0.9, 0.1, 0.9, 0.1, 0.1, 0.9, 0.1];
    const grouping = groupUsers(categorical([0, 0, 0, 0, 1, 1, 1, 1], ['m', 'f']), everyone(8), 1);
    const { groups, reference, adverseImpactRatio } = fairnessOf(
      { labels, probabilities },
      grouping,
      { ...rule, threshold: 0.5 },
      1,
    );
    expect(groups[0]).toMatchObject({
      favourable: { count: 2, of: 4 },
      truePositive: { count: 1, of: 2 },
      falsePositive: { count: 1, of: 2 },
      precision: { count: 1, of: 2 },
    });
    expect(groups[1]).toMatchObject({
      favourable: { count: 3, of: 4 },
      truePositive: { count: 2, of: 2 },
      falsePositive: { count: 0, of: 1 },
    });
    expect(reference).toBe('f');
    expect(adverseImpactRatio).toMatchObject({ value: 2 / 3, between: ['f', 'm'] });
  });

  test('a group that is scored worse fails the four-fifths rule, and one that is not passes', () => {
    const worse = biased();
    const figures = fairnessOf(worse.sample, worse.grouping, rule);
    expect(figures).toMatchObject({ fourFifths: 'fails', reference: 'm', equalOpportunity: { between: ['m', 'f'] } });
    expect(figures.equalOpportunity!.low).toBeGreaterThan(0.1);
    const [m, f] = figures.groups;
    expect(f.calibration!.ratio!.high!).toBeLessThan(m.calibration!.ratio!.low);
    const same = biased({ shift: 0 });
    expect(fairnessOf(same.sample, same.grouping, rule)).toMatchObject({ fourFifths: 'passes' });
  });

  test('a favourable high score mirrors a favourable low one', () => {
    const { sample, grouping } = biased();
    const mirrored = { labels: sample.labels.map((y) => 1 - y), probabilities: sample.probabilities.map((p) => 1 - p) };
    const [low, high] = [
      fairnessOf(sample, grouping, rule),
      fairnessOf(mirrored, grouping, { favourable: 'high', threshold: 0.6 + 1e-12 }),
    ];
    expect(high.adverseImpactRatio).toEqual(low.adverseImpactRatio);
    expect(high.equalisedOdds).toEqual(low.equalisedOdds);
  });

  test('rates of few users are left out', () => {
    const labels = new Array(60).fill(0).map((_, user) => (user < 3 ? 1 : 0));
    const grouping = groupUsers(
      categorical(
        labels.map((_, user) => user % 2),
        ['m', 'f'],
      ),
      everyone(60),
    );
    const { groups, equalisedOdds } = fairnessOf({ labels, probabilities: labels.map(() => 0.1) }, grouping, rule);
    for (const group of groups) expect(group).toMatchObject({ falsePositive: null, truePositive: expect.anything() });
    expect(equalisedOdds).toBeNull();
  });

  test('calibration slopes are 1 for right probabilities and less for exaggerated ones', () => {
    const random = createRandom(3);
    const logits = Array.from({ length: 6000 }, () => random.normal() - 1);
    const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
    const labels = logits.map((logit) => (random.uniform() < sigmoid(logit) ? 1 : 0));
    const grouping = groupUsers(
      categorical(
        labels.map(() => 0),
        ['all'],
      ),
      everyone(6000),
    );
    const slope = (factor: number) => {
      const { groups } = fairnessOf({ labels, probabilities: logits.map((x) => sigmoid(factor * x)) }, grouping, rule);
      return groups[0].calibration!.slope!;
    };
    expect(slope(1).low).toBeLessThan(1);
    expect(slope(1).high!).toBeGreaterThan(1);
    expect(slope(2).value).toBeCloseTo(slope(1).value / 2, 6);
  });
});

describe('mitigation', () => {
  const rule = { favourable: 'low', threshold: 0.4 } as const;

  test('weighted by reweighing, label and group are independent', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(2), fc.nat(1)), { minLength: 1, maxLength: 200 }), (users) => {
        const of = Int32Array.from(users, ([group]) => group);
        const labels = users.map(([, label]) => label);
        const weights = reweighing(labels, { of, names: ['a', 'b', 'c'] });
        const sum = (isIn: (user: number) => boolean) =>
          weights.reduce((total, weight, user) => (isIn(user) ? total + weight : total), 0);
        const base = labels.filter((label) => label === 1).length / labels.length;
        for (const group of [0, 1, 2]) {
          const inGroup = sum((user) => of[user] === group);
          // Where a group has one label only, no weight can give it the other.
          if (new Set(labels.filter((_, user) => of[user] === group)).size < 2) continue;
          expect(sum((user) => of[user] === group && labels[user] === 1) / inGroup).toBeCloseTo(base, 5);
        }
      }),
    );
  });

  test('thresholds by group give equal opportunity; one threshold for all meets the four-fifths rule', () => {
    const { sample, grouping } = biased({ size: 6000 });
    const before = fairnessOf(sample, grouping, rule);
    const byGroup = groupThresholds(sample, grouping, rule);
    const after = fairnessOf(sample, grouping, { ...rule, threshold: byGroup });
    expect(after.equalOpportunity!.value).toBeLessThan(0.01);
    expect(before.equalOpportunity!.value).toBeGreaterThan(0.2);
    const blind = blindThreshold(sample, [grouping], rule)!;
    expect(blind).toBeGreaterThan(rule.threshold);
    expect(
      fairnessOf(sample, grouping, { ...rule, threshold: blind }).adverseImpactRatio!.value,
    ).toBeGreaterThanOrEqual(0.8);
  });

  test('a threshold that meets the rule is kept', () => {
    const { sample, grouping } = biased({ shift: 0 });
    expect(blindThreshold(sample, [grouping], rule)).toBe(rule.threshold);
  });
});

describe('exposure', () => {
  test('is shared by class with attention that falls with the rank', () => {
    const lists = [
      ...Array.from({ length: 30 }, () => ({ group: 0, classes: [0, 1] })),
      ...Array.from({ length: 30 }, () => ({ group: 1, classes: [1, 0] })),
    ];
    const { classes } = exposureOf(lists, { groups: ['m', 'f'], classes: ['low', 'high'] });
    const first = attention(1) / (attention(1) + attention(2));
    expect(classes[0].shares.map((share) => share!.value)).toEqual([
      expect.closeTo(first, 9),
      expect.closeTo(1 - first, 9),
    ]);
    expect(classes[0].ratio).toBeCloseTo((1 - first) / first, 9);
  });

  test('shares sum to 1, and groups of few lists have none', () => {
    const random = createRandom(2);
    const lists = Array.from({ length: 200 }, (_, user) => ({
      group: user < 10 ? 1 : 0,
      classes: Array.from({ length: 5 }, () => random.below(3)),
    }));
    const { classes } = exposureOf(lists, { groups: ['m', 'f'], classes: ['a', 'b', 'c'] });
    expect(classes.reduce((sum, { shares }) => sum + shares[0]!.value, 0)).toBeCloseTo(1, 9);
    for (const { shares, ratio } of classes) {
      expect(shares[1]).toBeNull();
      expect(ratio).toBeNull();
      expect(shares[0]!.low).toBeLessThan(shares[0]!.value);
    }
  });

  test('recall of two groups is as far apart as their hits', () => {
    const ranks = Array.from({ length: 100 }, (_, user) => (user % 2 === 0 ? 1 : user % 4 === 1 ? 2 : 9));
    const result = recallByGroup(
      ranks,
      ranks.map((_, user) => user % 2),
      { groups: ['m', 'f'] },
    );
    expect(result.groups.map(({ recall }) => recall!.value)).toEqual([1, 0.5]);
    expect(result.gap).toMatchObject({ value: 0.5, between: ['m', 'f'] });
  });
});
