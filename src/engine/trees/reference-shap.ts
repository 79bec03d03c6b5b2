import { goesLeft, type TreeEnsemble } from './ensemble.js';
import { scoreRows } from './score.js';

/**
 * Exact Shapley values of a raw score against rows of reference (the approved, the average branch …): what is not known is as in a row of
 * reference, and the mean over all of them counts (interventional TreeSHAP, Lundberg et al. 2020, algorithm 3).
 * @param row `width` values
 * @param reference rows of `width` values, one after the other, at least one
 * @returns the mean score of the reference, and a contribution for each value of the row; together they are its score
 */
export function referenceShap(
  ensemble: TreeEnsemble,
  row: Float32Array,
  reference: Float32Array,
  output = 0,
): { readonly base: number; readonly contributions: Float64Array } {
  const { width, outputs, roots, leafWidth } = ensemble;
  const count = reference.length / width;
  const contributions = new Float64Array(width);
  const walk = new Walk(ensemble, leafWidth === 1 ? 0 : output, contributions);
  const step = leafWidth === 1 ? outputs : 1;
  const first = leafWidth === 1 ? output : 0;
  for (let place = 0; place < count; place++) {
    const other = reference.subarray(place * width, (place + 1) * width);
    for (let tree = first; tree < roots.length; tree += step) walk.visit(row, other, roots[tree]);
  }
  const scores = new Float64Array(count * outputs);
  scoreRows(ensemble, reference, count, scores);
  let base = 0;
  for (let place = 0; place < count; place++) base += scores[place * outputs + output] / count;
  return { base, contributions: contributions.map((sum) => sum / count) };
}

/** Who decides about a feature on the path: nobody yet, the row, or the reference. */
const NOBODY = 0;
const ROW = 1;
const REFERENCE = 2;

class Walk {
  private readonly decidedBy: Uint8Array;
  private readonly decided: number[] = [];
  private byRow = 0;

  constructor(
    private readonly ensemble: TreeEnsemble,
    private readonly offset: number,
    private readonly contributions: Float64Array,
  ) {
    this.decidedBy = new Uint8Array(ensemble.width);
  }

  visit(row: Float32Array, reference: Float32Array, node: number): void {
    if (node < 0) {
      this.arrive(~node);
      return;
    }
    const ensemble = this.ensemble;
    const decidedBy = this.decidedBy;
    const decided = this.decided;
    const asked = ensemble.feature[node];
    const ofRow = goesLeft(ensemble, node, row[asked]) ? ensemble.left[node] : ensemble.right[node];
    const ofReference = goesLeft(ensemble, node, reference[asked]) ? ensemble.left[node] : ensemble.right[node];
    if (ofRow === ofReference || decidedBy[asked] === ROW) {
      this.visit(row, reference, ofRow);
      return;
    }
    if (decidedBy[asked] === REFERENCE) {
      this.visit(row, reference, ofReference);
      return;
    }
    decided.push(asked);
    decidedBy[asked] = ROW;
    this.byRow++;
    this.visit(row, reference, ofRow);
    this.byRow--;
    decidedBy[asked] = REFERENCE;
    this.visit(row, reference, ofReference);
    decidedBy[asked] = NOBODY;
    decided.pop();
  }

  /** The leaf counts where all that the row decides are known and none of the others: a game whose Shapley values are in every book. */
  private arrive(leaf: number): void {
    const { ensemble, decided, decidedBy } = this;
    if (decided.length === 0) return;
    const byRow = this.byRow;
    const value = ensemble.values[leaf * ensemble.leafWidth + this.offset];
    const byReference = decided.length - byRow;
    const forRow = byRow > 0 ? value * shareOfOrders(byRow - 1, byReference) : 0;
    const forReference = byReference > 0 ? -value * shareOfOrders(byRow, byReference - 1) : 0;
    for (const feature of decided) this.contributions[feature] += decidedBy[feature] === ROW ? forRow : forReference;
  }
}

/** before! · after! / (before + after + 1)! */
function shareOfOrders(before: number, after: number): number {
  let share = 1 / (before + after + 1);
  for (let place = 1; place <= before; place++) share *= place / (after + place);
  return share;
}
