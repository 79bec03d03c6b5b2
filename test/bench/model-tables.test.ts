import { meanOf, tablesOf } from '../../bench/model-tables.js';

const trial = (auc: number) => ({
  metrics: { auc, logloss: 0.5, cv5_auc: auc, cv5_auc_sd: 0.02 },
  seconds: 2,
  backend: 'cpu',
  version: '1',
});

describe('tables of figures', () => {
  test('means over the seeds with their deviation', () => {
    const figures = meanOf([trial(0.7), trial(0.8)]);
    expect(figures).toMatchObject({ seeds: 2, seconds: 2, auc: 0.75, logloss_between_seeds: 0 });
    expect(figures?.auc_between_seeds).toBeCloseTo(Math.sqrt(0.005), 12);
    expect(meanOf([{ refused: 'no', version: '1' }])).toBeUndefined();
    expect(meanOf([trial(0.7)])).not.toHaveProperty('auc_between_seeds');
  });

  test('the best in bold, ± between seeds or folds, the best peer, and who is refused', () => {
    const text = tablesOf(
      {
        loans: {
          title: 'Loans',
          task: 'risk',
          peers: { low: { auc: 0.6 }, high: { auc: 0.72 } },
          trials: {
            ease: { 1: { refused: 'not risk', version: '1' } },
            logistic: { 1: trial(0.7), 2: trial(0.8) },
            gbdt: { 1: trial(0.9) },
          },
        },
      },
      ['logistic', 'gbdt', 'ease'],
    );
    expect(text.split('\n')).toEqual([
      '### loans',
      '',
      'Loans.',
      '',
      '| model | AUC | log loss | 5-fold AUC | seeds | seconds |',
      '| --- | --- | --- | --- | --- | --- |',
      '| logistic | .7500 ± .0707 | **.5000** | .7500 ± .0200 | 2 | 2.0 |',
      '| gbdt | **.9000** | **.5000** | **.9000** ± .0200 | 1 | 2.0 |',
      '| *best peer: high* | *.7200* |  |  |  |  |',
      '',
      'Refused here:',
      '',
      '- ease: not risk',
    ]);
  });
});
