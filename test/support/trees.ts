import { createRandom, type Random } from '../../src/engine/layers/random.js';
import { type Link, NODE, type TreeEnsemble } from '../../src/engine/trees/ensemble.js';

export interface MadeUpTrees {
  readonly seed?: number;
  readonly trees?: number;
  /** Number of categories of each value of a row; 0 = a number. */
  readonly categories?: readonly number[];
  readonly outputs?: number;
  readonly leafWidth?: number;
  readonly depth?: number;
  readonly link?: Link;
}

/** Trees of any shape, grown on nothing: features repeat on a path, leaves may have no cover, trees may be a single leaf. */
export function madeUpTrees({
  seed = 1,
  trees = 4,
  categories = [0, 0, 3, 0, 20],
  outputs = 1,
  leafWidth = 1,
  depth = 4,
  link = outputs > 1 ? 'softmax' : 'logistic',
}: MadeUpTrees = {}): TreeEnsemble {
  const random = createRandom(seed);
  const nodes: { feature: number; threshold: number; kind: number; left: number; right: number; set: number }[] = [];
  const words: number[] = [];
  const values: number[] = [];
  const cover: number[] = [];
  const leaf = () => {
    cover.push(random.uniform() < 0.1 ? 0 : random.below(50) + 1);
    for (let place = 0; place < leafWidth; place++)
      values.push(link === 'identity' ? random.uniform() : random.normal());
    return ~(cover.length - 1);
  };
  const branch = (left: number): number => {
    if (left === 0 || random.uniform() < 0.15) return leaf();
    const place = nodes.length;
    const feature = random.below(categories.length);
    const isCategorical = categories[feature] > 0;
    const kind = (isCategorical ? NODE.categoricalRight : NODE.numericRight) + random.below(2);
    nodes.push({ feature, threshold: isCategorical ? 0 : random.normal(), kind, left: 0, right: 0, set: -1 });
    if (isCategorical) {
      nodes[place].set = words.length;
      for (let word = 0; word < Math.ceil(categories[feature] / 16); word++) words.push(random.below(2 ** 16));
    }
    nodes[place].left = branch(left - 1);
    nodes[place].right = branch(left - 1);
    return place;
  };
  const roots = Array.from({ length: trees * (leafWidth === 1 ? outputs : 1) }, () => branch(depth));
  const of = (name: keyof (typeof nodes)[number]) => nodes.map((node) => node[name]);
  return {
    link,
    width: categories.length,
    categories: Int32Array.from(categories),
    outputs,
    leafWidth,
    base: Float32Array.from({ length: outputs }, () => (link === 'identity' ? 0 : random.normal())),
    roots: Int32Array.from(roots),
    feature: Int32Array.from(of('feature')),
    threshold: Float32Array.from(of('threshold')),
    kind: Uint8Array.from(of('kind')),
    left: Int32Array.from(of('left')),
    right: Int32Array.from(of('right')),
    gain: Float32Array.from(nodes, () => random.uniform()),
    set: Int32Array.from(of('set')),
    words: Uint16Array.from(words),
    values: Float32Array.from(values),
    cover: Float32Array.from(cover),
  };
}

/** A row for such trees, some of it missing. */
export function madeUpRow({ categories }: Pick<TreeEnsemble, 'categories'>, random: Random): Float32Array {
  return Float32Array.from(categories, (count) => {
    if (random.uniform() < 0.2) return Number.NaN;
    return count > 0 ? random.below(count) : random.normal();
  });
}
