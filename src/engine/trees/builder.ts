import type { FeatureBins } from './bins.js';
import { type Link, NODE, type TreeEnsemble, WORD, wordsFor } from './ensemble.js';
import type { GrownTree } from './tree.js';

/** What trees are grown on, as far as the ensemble has to know it. */
export interface EnsembleShape {
  readonly link: Link;
  readonly features: readonly FeatureBins[];
  readonly members: number;
  readonly outputs: number;
  readonly leafWidth: number;
  readonly base: Float32Array;
}

/** Larger than every float32 but infinity: everything that is not missing goes left. */
const EVERYTHING = 3.4028234663852886e38;

/** Collects grown trees as an ensemble whose thresholds are values, not bins. */
export class EnsembleBuilder {
  private readonly roots: number[] = [];
  private readonly feature: number[] = [];
  private readonly threshold: number[] = [];
  private readonly kind: number[] = [];
  private readonly left: number[] = [];
  private readonly right: number[] = [];
  private readonly gain: number[] = [];
  private readonly set: number[] = [];
  private readonly words: number[] = [];
  private readonly values: number[] = [];
  private readonly cover: number[] = [];

  constructor(private readonly shape: EnsembleShape) {}

  get trees(): number {
    return this.roots.length;
  }

  /** @param values of the leaves, leafWidth each; default: the tree's own. */
  add(tree: GrownTree, values: ArrayLike<number> = tree.value): void {
    const firstNode = this.feature.length;
    const firstLeaf = this.cover.length;
    const { leafWidth } = this.shape;
    const child = (of: number) => (of < 0 ? ~(~of + firstLeaf) : of + firstNode);
    this.roots.push(tree.leaves > 1 ? firstNode : ~firstLeaf);
    for (let node = 0; node < tree.leaves - 1; node++) {
      this.addQuestion(tree, node);
      this.left.push(child(tree.left[node]));
      this.right.push(child(tree.right[node]));
      this.gain.push(tree.gain[node]);
    }
    for (let leaf = 0; leaf < tree.leaves; leaf++) this.cover.push(tree.cover[leaf]);
    for (let place = 0; place < tree.leaves * leafWidth; place++) this.values.push(values[place]);
  }

  private addQuestion(tree: GrownTree, node: number): void {
    const asked = tree.feature[node];
    const feature = this.shape.features[asked];
    const missingLeft = tree.missingLeft[node] === 1;
    this.feature.push(asked);
    if (feature?.kind === 'categorical') {
      this.kind.push(missingLeft ? NODE.categoricalLeft : NODE.categoricalRight);
      this.threshold.push(0);
      this.set.push(this.words.length);
      this.addWords(feature.binOf, tree.goesLeft.subarray(256 * node, 256 * node + 256));
      return;
    }
    this.kind.push(missingLeft ? NODE.numericLeft : NODE.numericRight);
    this.set.push(-1);
    const bin = tree.bin[node];
    if (!feature) this.threshold.push(0.5);
    else this.threshold.push(bin < feature.thresholds.length ? feature.thresholds[bin] : EVERYTHING);
  }

  private addWords(binOf: Uint8Array, goesLeft: Uint8Array): void {
    const words = new Array<number>(wordsFor(binOf.length)).fill(0);
    binOf.forEach((bin, category) => {
      if (goesLeft[bin]) words[category >> 4] |= 1 << (category & (WORD - 1));
    });
    for (const word of words) this.words.push(word);
  }

  /** @param trees how many of the first to take. */
  build(trees = this.roots.length): TreeEnsemble {
    const { link, features, members, outputs, leafWidth, base } = this.shape;
    const nodes = this.feature.length;
    const ends = this.endOf(trees);
    const categories = Int32Array.from([...features, ...new Array<undefined>(members)], (feature) =>
      feature?.kind === 'categorical' ? feature.binOf.length : 0,
    );
    const upTo = <T>(values: readonly T[], end: number) => (end < nodes ? values.slice(0, end) : values);
    return {
      link,
      width: categories.length,
      categories,
      outputs,
      leafWidth,
      base,
      roots: Int32Array.from(this.roots.slice(0, trees)),
      feature: Int32Array.from(upTo(this.feature, ends.node)),
      threshold: Float32Array.from(upTo(this.threshold, ends.node)),
      kind: Uint8Array.from(upTo(this.kind, ends.node)),
      left: Int32Array.from(upTo(this.left, ends.node)),
      right: Int32Array.from(upTo(this.right, ends.node)),
      gain: Float32Array.from(upTo(this.gain, ends.node)),
      set: Int32Array.from(upTo(this.set, ends.node)),
      words: Uint16Array.from(this.words.slice(0, ends.word)),
      values: Float32Array.from(this.values.slice(0, ends.leaf * leafWidth)),
      cover: Float32Array.from(this.cover.slice(0, ends.leaf)),
    };
  }

  /** Where the nodes, leaves and words of the first trees end. */
  private endOf(trees: number): { node: number; leaf: number; word: number } {
    if (trees === this.roots.length)
      return { node: this.feature.length, leaf: this.cover.length, word: this.words.length };
    // Trees lie one after the other: a tree that is a leaf alone has no node, so the next that has one tells.
    const laterNode = this.roots.slice(trees).find((root) => root >= 0) ?? this.feature.length;
    const laterWord = this.set.slice(laterNode).find((start) => start >= 0) ?? this.words.length;
    return { node: laterNode, leaf: laterNode + trees, word: laterWord };
  }
}
