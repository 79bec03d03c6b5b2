import { ConcordError } from '../../errors.js';
import { type NamedTensor, readSafetensors, type TensorFile, writeSafetensors } from '../safetensors/safetensors.js';
import { LINKS, type Link, NODE, type TreeEnsemble, WORD, wordsFor } from './ensemble.js';

/** Nodes on a path. Deeper trees are refused: explanations recurse, and take time by the square of the depth. */
export const MOST_DEPTH = 128;
/** Whole numbers below this are exact in a float32. */
const EXACT = 2 ** 24;

/** What the rows of the contract that comes with the trees look like. */
export type ExpectedShape = Pick<TreeEnsemble, 'categories' | 'outputs'>;

const refuse = (reason: string) => new ConcordError('BAD_INPUT', `These are no trees of a Concord model: ${reason}.`);

const OF_NODES = ['feature', 'threshold', 'kind', 'left', 'right', 'gain', 'set'] as const;

/**
 * As safetensors: metadata {kind: "trees", link, leafWidth}, and a tensor for each array. Whole numbers are float32 too, exact below 2²⁴.
 * @throws {ConcordError} BAD_INPUT for more nodes than that.
 */
export function packTrees(ensemble: TreeEnsemble): Uint8Array<ArrayBuffer> {
  const { link, leafWidth, outputs, cover, words } = ensemble;
  if (Math.max(cover.length, words.length) >= EXACT) throw refuse('there are more leaves than can be stored');
  const tensor = (name: string, values: ArrayLike<number>, shape = [values.length]): NamedTensor => ({
    name,
    shape,
    values: Float32Array.from(values),
  });
  return writeSafetensors({
    tensors: [
      tensor('base', ensemble.base),
      tensor('roots', ensemble.roots),
      ...OF_NODES.map((name) => tensor(name, ensemble[name])),
      tensor('words', words),
      tensor('values', ensemble.values, [cover.length, leafWidth]),
      tensor('cover', cover),
    ],
    metadata: { format: 'concord', kind: 'trees', link, outputs: String(outputs), leafWidth: String(leafWidth) },
  });
}

/**
 * Reads trees and believes nothing: every number is in its range, every node and leaf is the child of one earlier node or the root of one tree, so
 * that scoring comes to an end.
 * @throws {ConcordError} BAD_INPUT where the file is malformed or does not fit the contract
 */
export function unpackTrees(bytes: Uint8Array, { categories, outputs }: ExpectedShape): TreeEnsemble {
  const file = readSafetensors(bytes);
  const { metadata } = file;
  const link = LINKS.find((each) => each === metadata.link);
  if (metadata.kind !== 'trees' || !link) throw refuse('their kind is unknown');
  if (metadata.outputs !== String(outputs)) throw refuse(`there must be ${outputs} outputs`);
  if (metadata.leafWidth !== '1' && metadata.leafWidth !== String(outputs)) throw refuse('leaves have no valid width');
  const ensemble = arraysOf(file, link, { categories, outputs }, Number(metadata.leafWidth));
  checkQuestions(ensemble);
  checkStructure(ensemble);
  return ensemble;
}

function arraysOf(
  { tensors }: TensorFile,
  link: Link,
  { categories, outputs }: ExpectedShape,
  leafWidth: number,
): TreeEnsemble {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const floats = (name: string, length?: number): Float32Array => {
    const tensor = byName.get(name);
    if (!tensor) throw refuse(`tensor ${name} is missing`);
    if (length !== undefined && tensor.values.length !== length)
      throw refuse(`tensor ${name} must have ${length} values`);
    if (!tensor.values.every(Number.isFinite)) throw refuse(`a value of ${name} is not a finite number`);
    return tensor.values;
  };
  const whole = (name: string, low: number, high: number, length?: number): Int32Array => {
    const values = floats(name, length);
    if (!values.every((value) => Number.isInteger(value) && value >= low && value <= high))
      throw refuse(`a value of ${name} is out of its range`);
    return Int32Array.from(values);
  };
  const cover = floats('cover');
  if (!cover.every((value) => value >= 0)) throw refuse('a leaf has a negative cover');
  const leaves = cover.length;
  const feature = whole('feature', 0, categories.length - 1);
  const nodes = feature.length;
  const words = whole('words', 0, 2 ** WORD - 1);
  const child = (name: string, length?: number) => whole(name, -leaves, nodes - 1, length);
  if (tensors.length !== 12) throw refuse('there are too many tensors');
  return {
    link,
    width: categories.length,
    categories,
    outputs,
    leafWidth,
    base: floats('base', outputs),
    roots: child('roots'),
    feature,
    threshold: floats('threshold', nodes),
    kind: Uint8Array.from(whole('kind', 0, NODE.categoricalLeft, nodes)),
    left: child('left', nodes),
    right: child('right', nodes),
    gain: floats('gain', nodes),
    set: whole('set', -1, words.length, nodes),
    words: Uint16Array.from(words),
    values: floats('values', leaves * leafWidth),
    cover,
  };
}

/** A node asks for what there is: a threshold of a number, a set of the feature's categories that lies within the words. */
function checkQuestions({ feature, kind, set, words, categories }: TreeEnsemble): void {
  for (let node = 0; node < feature.length; node++) {
    const count = categories[feature[node]];
    const isCategorical = kind[node] >= NODE.categoricalRight;
    if (isCategorical !== count > 0) throw refuse(`node ${node} does not ask for what the feature is`);
    const fits = isCategorical ? set[node] >= 0 && set[node] + wordsFor(count) <= words.length : set[node] === -1;
    if (!fits) throw refuse(`the set of node ${node} lies outside of the words`);
  }
}

/** Children come after their parent, and each node and leaf has one: the trees are trees, and all of them are used. */
function checkStructure({ roots, left, right, cover, outputs, leafWidth }: TreeEnsemble): void {
  if (leafWidth === 1 && roots.length % outputs !== 0) throw refuse('an output has fewer trees than another');
  const nodes = left.length;
  const depths = new Uint8Array(nodes);
  const isLeafTaken = new Uint8Array(cover.length);
  const take = (child: number, depth: number) => {
    if (depth > MOST_DEPTH + 1) throw refuse('a tree is too deep');
    const taken = child < 0 ? isLeafTaken[~child] : depths[child];
    if (taken > 0) throw refuse('a node or leaf has two parents');
    if (child < 0) isLeafTaken[~child] = 1;
    else depths[child] = depth;
  };
  for (const root of roots) take(root, 1);
  for (let node = 0; node < nodes; node++) {
    if (depths[node] === 0) throw refuse(`node ${node} comes before its parent, or has none`);
    for (const child of [left[node], right[node]]) {
      if (child >= 0 && child <= node) throw refuse(`a child of node ${node} comes before it`);
      take(child, depths[node] + 1);
    }
  }
  if (!isLeafTaken.every((taken) => taken === 1)) throw refuse('a leaf has no parent');
}
