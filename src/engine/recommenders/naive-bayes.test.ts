import { countTogether } from './matrix/co-counts.js';
import { rowsFrom } from './matrix/sparse.js';
import { fitNaiveBayes, openNaiveBayes } from './naive-bayes.js';

test('scores are the logarithm of the prior times the shares of what is owned and what is not', () => {
  const sets = [[0, 1], [0, 1, 2], [0, 2], [2], [1]];
  const smoothing = 2;
  const scorer = openNaiveBayes(fitNaiveBayes(countTogether(rowsFrom(sets, 3)), { smoothing }));
  const owners = (product: number) => sets.filter((set) => set.includes(product)).length;
  const both = (a: number, b: number) => sets.filter((set) => set.includes(a) && set.includes(b)).length;
  const share = (product: number) => (owners(product) + 0.5) / (sets.length + 1);
  const given = (product: number, owned: number) =>
    (both(product, owned) + smoothing * share(product)) / (owners(owned) + smoothing);
  const scores = new Float64Array(3);
  for (const owned of [[], [0], [0, 2]]) {
    scorer.score(Int32Array.from(owned), scores);
    for (let product = 0; product < 3; product++) {
      const others = [0, 1, 2].filter((other) => other !== product);
      const likelihood = others.reduce(
        (all, other) => all * (owned.includes(other) ? given(other, product) : 1 - given(other, product)),
        share(product),
      );
      expect(scores[product]).toBeCloseTo(Math.log(likelihood), 5);
    }
  }
});
