import { badInput } from '../../errors.js';
import type { FeatureContract } from '../encoders/contract.js';
import type { EncodedUsers } from '../encoders/encode.js';
import type { Task } from '../engine.js';
import { createRandom } from '../layers/random.js';
import { type Examples, hiddenInTurn, interestExamples, riskExamples } from '../training/examples.js';
import type { CurvePoint } from '../training/learning-curve.js';
import { boost } from './boost.js';
import type { TreeEnsemble } from './ensemble.js';
import { growForest } from './forest.js';
import { shownProducts, treeInputs } from './inputs.js';
import { meanLoss, scoreExamples } from './loss.js';
import { createRowMaker, type RowMaker } from './rows.js';
import type { GbdtSettings, RandomForestSettings, TreeSettings } from './settings.js';

/** One ensemble to train: plain data, so that it can be sent to another thread (arrays in shared memory are not copied). */
export interface TreeTask {
  readonly task: Task;
  readonly contract: FeatureContract;
  readonly encoded: EncodedUsers;
  /** Risk: of every user. */
  readonly labels?: Float32Array;
  /** Risk: how much every user counts in training; absent: all alike. */
  readonly userWeights?: Float32Array;
  readonly train: Int32Array;
  /** Without users: nothing stops early. */
  readonly validation: { readonly users: Int32Array; readonly hidden: Int32Array };
  readonly settings: TreeSettings;
  readonly seed: number;
}

export interface TreeResult {
  readonly ensemble: TreeEnsemble;
  /** Log loss on the validation users; NaN without any. */
  readonly validationLoss: number;
  /** gbdt: rounds run. random-forest: trees. */
  readonly rounds: number;
  /** Rounds that are kept. */
  readonly bestRound: number;
  /** gbdt: every tenth round. */
  readonly curve?: readonly CurvePoint[];
  /** random-forest: log loss of each row by the trees that have not seen its user. */
  readonly outOfBagLoss?: number;
}

export interface TreeHooks {
  /** Called before each round or tree. Throws to stop the training. */
  checkpoint(): void;
  /** @param fraction of the most that there can be; boosting usually stops long before */
  onProgress?(fraction: number, figures: Readonly<Record<string, number>>): void;
}

/** Rows at most; of more products than that some of each user are drawn. */
const MAX_ROWS = 1_000_000;
/** Products at most: each is a tree a round. */
export const MAX_PRODUCTS = 256;

/** Trains one ensemble in this thread. Same task, same result to the bit. @throws {ConcordError} BAD_INPUT for too many products. */
export function trainTrees(task: TreeTask, hooks: TreeHooks): TreeResult {
  const { contract, encoded, settings, seed, train } = task;
  const products = contract.products.length;
  if (task.task === 'interest' && products > MAX_PRODUCTS) {
    throw badInput(
      `Trees rank at most ${MAX_PRODUCTS} products, because each is a tree of its own in every round; there are ${products}. Choose linear or dnn.`,
      { products },
    );
  }
  const maker = createRowMaker(task.task, contract, encoded, train, settings.bins);
  return settings.model === 'gbdt'
    ? trainGbdt(task, settings, maker, hooks, seed)
    : trainForest(task, settings, maker, hooks, seed);
}

function trainingExamples({ task, labels, userWeights, encoded, train, seed }: TreeTask): Examples {
  if (task === 'risk') return riskExamples(train, labels as Float32Array, userWeights);
  return hiddenInTurn(encoded, train, MAX_ROWS).epoch(createRandom(seed).fork('rows'));
}

function validationExamples({ task, labels, validation: { users, hidden } }: TreeTask): Examples {
  return task === 'risk' ? riskExamples(users, labels as Float32Array) : interestExamples(users, hidden);
}

function trainGbdt(
  task: TreeTask,
  settings: GbdtSettings,
  maker: RowMaker,
  { checkpoint, onProgress }: TreeHooks,
  seed: number,
): TreeResult {
  const aside = validationExamples(task);
  return boost(
    maker.make(trainingExamples(task)),
    aside.users.length > 0 ? maker.make(aside) : undefined,
    settings,
    createRandom(seed).fork('boosting'),
    {
      checkpoint,
      onRound: ({ round, ...figures }) => onProgress?.(round / settings.rounds, { epoch: round, ...figures }),
      monotone: directionsOf(task.contract, settings),
    },
  );
}

/** For each value of a row. @throws {ConcordError} BAD_INPUT for a column that has no order, or is not there */
function directionsOf(contract: FeatureContract, { monotone = {} }: GbdtSettings): Int8Array | undefined {
  const columns = Object.keys(monotone);
  if (columns.length === 0) return undefined;
  const directions = new Int8Array(treeInputs(contract).width);
  for (const column of columns) {
    const places = [...contract.features.keys()].filter((place) => contract.features[place].column === column);
    const [first] = places.map((place) => contract.features[place]);
    if (first?.kind !== 'numeric') throw badInput(`monotone: ${column} is no column of numbers or dates.`, { column });
    // Of a date the days have an order; year and month follow from them.
    const ordered = places.filter((place) => {
      const feature = contract.features[place];
      return feature.kind === 'numeric' && feature.part !== 'month';
    });
    for (const place of ordered) directions[place] = monotone[column];
  }
  return directions;
}

function trainForest(
  task: TreeTask,
  settings: RandomForestSettings,
  maker: RowMaker,
  { checkpoint, onProgress }: TreeHooks,
  seed: number,
): TreeResult {
  const examples = trainingExamples(task);
  const { matrix } = maker.make(examples);
  const classes = task.task === 'risk' ? 1 : task.contract.products.length;
  const features = matrix.features.length + matrix.members;
  const { ensemble, outOfBag } = growForest(
    {
      matrix,
      targets: { values: examples.targets, classes },
      weights: examples.weights,
      groups: groupsOf(examples.users),
    },
    { ...settings, featuresTried: Math.max(1, Math.round(settings.featureShare * features)) },
    createRandom(seed).fork('forest'),
    { checkpoint, onTree: (trees) => onProgress?.(trees / settings.trees, { epoch: trees }) },
  );
  const { contract, encoded } = task;
  const aside = validationExamples(task);
  const shown = shownProducts(contract, encoded, aside.users, aside.hidden);
  const inputs = treeInputs(contract);
  return {
    ensemble,
    validationLoss: meanLoss(task.task, ensemble, scoreExamples(ensemble, inputs, encoded, aside), aside, shown),
    rounds: settings.trees,
    bestRound: settings.trees,
    outOfBagLoss: meanLoss(task.task, ensemble, outOfBag, examples, matrix),
  };
}

/** A number for each user, from 0 on. */
function groupsOf(users: Int32Array): Int32Array {
  const groups = new Map<number, number>();
  return users.map((user) => {
    const known = groups.get(user);
    if (known !== undefined) return known;
    groups.set(user, groups.size);
    return groups.size - 1;
  });
}
