import { coverOfNodes, goesLeft, type TreeEnsemble } from './ensemble.js';

/**
 * Raw scores that are expected of a row of which only some values are known: at a question about another, both branches count, by the training
 * rows that took them. This is the game whose Shapley values TreeShap gives; explanations of what is no sum of raw scores (a softmax) sample it.
 */
export class Expectation {
  private readonly covers: Float64Array;

  constructor(private readonly ensemble: TreeEnsemble) {
    this.covers = coverOfNodes(ensemble);
  }

  /**
   * @param isKnown 1 for each value of the row that is known
   * @param target of length outputs, is overwritten
   */
  expect(row: ArrayLike<number>, isKnown: Uint8Array, target: Float64Array): void {
    const { roots, outputs, leafWidth, base } = this.ensemble;
    target.set(base);
    roots.forEach((root, tree) => {
      this.visit(row, isKnown, root, 1, target, leafWidth === 1 ? tree % outputs : 0);
    });
  }

  private visit(
    row: ArrayLike<number>,
    isKnown: Uint8Array,
    from: number,
    share: number,
    target: Float64Array,
    output: number,
  ): void {
    const { feature, left, right, values, leafWidth, cover } = this.ensemble;
    let node = from;
    while (node >= 0) {
      const asked = feature[node];
      if (isKnown[asked] === 1) {
        node = goesLeft(this.ensemble, node, row[asked]) ? left[node] : right[node];
        continue;
      }
      const ofLeft = left[node] < 0 ? cover[~left[node]] : this.covers[left[node]];
      const leftShare = this.covers[node] > 0 ? ofLeft / this.covers[node] : 0.5;
      this.visit(row, isKnown, left[node], share * leftShare, target, output);
      this.visit(row, isKnown, right[node], share * (1 - leftShare), target, output);
      return;
    }
    for (let place = 0; place < leafWidth; place++) target[output + place] += share * values[~node * leafWidth + place];
  }
}
