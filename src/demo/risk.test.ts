import { generateInstitution } from './consortium.js';
import { INSTITUTIONS } from './institutions.js';
import { defaultProbability } from './risk.js';

const NOW = new Date('2026-03-01T12:00:00Z');

/** Area under the ROC curve, by ranks; scores without ties. */
function auc(scores: readonly number[], labels: readonly number[]): number {
  const order = scores.map((_, i) => i).sort((a, b) => scores[a] - scores[b]);
  const positives = labels.filter((label) => label === 1).length;
  let ranks = 0;
  order.forEach((index, rank) => {
    if (labels[index] === 1) ranks += rank + 1;
  });
  return (ranks - (positives * (positives + 1)) / 2) / (positives * (labels.length - positives));
}

describe('the risk of the demo consortium', () => {
  const records = INSTITUTIONS.flatMap((plan) => generateInstitution(plan, { now: NOW, scale: 0.3 }).records);
  const labelled = records.filter(({ riskLabel }) => riskLabel !== undefined);

  it('has a label for most users, and a plausible rate of defaults', () => {
    expect(labelled.length / records.length).toBeGreaterThan(0.55);
    const rate = labelled.filter(({ riskLabel }) => riskLabel === 1).length / labelled.length;
    expect(rate).toBeGreaterThan(0.07);
    expect(rate).toBeLessThan(0.14);
  });

  it('can be told from what is known up to a limit, and no further', () => {
    const scores = labelled.map(({ user }) => defaultProbability(user, 0));
    const limit = auc(
      scores,
      labelled.map(({ riskLabel }) => riskLabel as number),
    );
    expect(limit).toBeGreaterThan(0.78);
    expect(limit).toBeLessThan(0.87);
  });

  it('does not look at protected attributes', () => {
    const { user } = records[0];
    const other = {
      ...user,
      protectedAttributes: {
        sex: user.protectedAttributes.sex === 'male' ? 'female' : 'male',
        birthYear: 1950,
      } as const,
    };
    expect(defaultProbability(other, 0)).toBe(defaultProbability(user, 0));
  });

  it('grows with utilisation, late payments and unemployment, and falls with income', () => {
    const { user } = records[0];
    const risk = (truth: object, attributes: object = {}) =>
      defaultProbability(
        {
          ...user,
          truth: { ...user.truth, utilisation: 0.3, ...truth },
          attributes: { ...user.attributes, employment: 'employed', latePayments: 0, ...attributes },
        },
        0,
      );
    expect(risk({ utilisation: 0.8 })).toBeGreaterThan(risk({}));
    expect(risk({}, { latePayments: 2 })).toBeGreaterThan(risk({}));
    expect(risk({}, { employment: 'unemployed' })).toBeGreaterThan(risk({}));
    expect(risk({ income: 9000 })).toBeLessThan(risk({ income: 1500 }));
  });
});
