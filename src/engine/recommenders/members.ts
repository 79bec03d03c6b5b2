import { badInput } from '../../errors.js';
import type { Backend } from '../backends/backend.js';
import { fitAls } from './als/fit.js';
import { openAls } from './als/fold-in.js';
import { fitContent, openContent } from './content/content.js';
import type { ProductContent } from './content/encoder.js';
import { fitEase, openEase } from './ease.js';
import { MOST_DENSE_PRODUCTS } from './limits.js';
import type { CoCounts } from './matrix/co-counts.js';
import type { SparseRows } from './matrix/sparse.js';
import type { Member, MemberPlan } from './model.js';
import { fitNaiveBayes, openNaiveBayes } from './naive-bayes.js';
import { fitItemKnn, openItemKnn } from './neighbours/item-knn.js';
import { openUserKnn } from './neighbours/user-knn.js';
import { openPopularity } from './popularity.js';
import type { Checkpoint, MemberName, Scorer } from './recommender.js';
import { fitVae } from './vae/fit.js';
import { openVae } from './vae/open.js';

/** What members are fitted on. */
export interface TrainingData {
  /** What the training users own. */
  readonly owned: SparseRows;
  /** Of the training users, in their order: user-knn keeps them. */
  readonly userIds: readonly string[];
  /** In the order of the products; content needs it. */
  readonly content?: readonly ProductContent[];
  readonly seed: number;
  /** What vae is trained on. */
  readonly backend?: Backend;
  /** Counted when it is first asked for. */
  counts(checkpoint: Checkpoint): CoCounts;
  /** How good a scorer is on users who are not trained on, for those that stop early: the less the better. */
  lossOf(scorer: Scorer): number;
}

/** Functions of the co-ownership counts alone. */
export const isCounted = (name: MemberName): boolean =>
  name === 'item-knn' || name === 'ease' || name === 'naive-bayes';

type CountedPlan = Extract<MemberPlan, { readonly name: 'item-knn' | 'ease' | 'naive-bayes' }>;

/** @throws {ConcordError} BAD_INPUT where the data don't allow it; CANCELLED by the checkpoint */
export async function fitMember(plan: MemberPlan, data: TrainingData, checkpoint: Checkpoint): Promise<Member> {
  const { owned, userIds, content, seed } = data;
  switch (plan.name) {
    case 'popularity': {
      const owners = new Float64Array(owned.columns);
      for (const product of owned.items) owners[product]++;
      return { ...plan, data: owners };
    }
    case 'user-knn':
      return { ...plan, data: { rows: owned, ids: userIds } };
    case 'als': {
      const { products } = fitAls(owned, plan.settings, { seed, checkpoint });
      return { ...plan, data: Float32Array.from(products) };
    }
    case 'vae': {
      if (!data.backend) throw badInput('vae needs a backend to be trained on.');
      const { columns: products } = owned;
      if (products > MOST_DENSE_PRODUCTS)
        throw badInput(`vae takes at most ${MOST_DENSE_PRODUCTS} products, not ${products}: take item-knn or als.`);
      const lossOf = (parameters: Float32Array) => data.lossOf(openVae(parameters, { ...plan.settings, products }));
      const options = { seed, backend: data.backend, checkpoint, lossOf };
      return { ...plan, data: { products, parameters: await fitVae(owned, plan.settings, options) } };
    }
    case 'content':
      if (content?.length !== owned.columns)
        throw badInput('content needs texts, attributes or a vector of every product.');
      return { ...plan, data: fitContent(content) };
    default:
      return fitCounted(plan, data.counts(checkpoint), checkpoint);
  }
}

/** A member that is a function of the counts: from those without a user it is the member that never knew the user. */
export function fitCounted(plan: CountedPlan, counts: CoCounts, checkpoint: Checkpoint): Member {
  switch (plan.name) {
    case 'item-knn':
      return { ...plan, data: fitItemKnn(counts, plan.settings, checkpoint) };
    case 'ease':
      return { ...plan, data: fitEase(counts, plan.settings, checkpoint) };
    case 'naive-bayes':
      return { ...plan, data: fitNaiveBayes(counts, plan.settings) };
  }
}

export function openMember(member: Member): Scorer {
  switch (member.name) {
    case 'popularity':
      return openPopularity(member.data);
    case 'item-knn':
      return openItemKnn(member.data);
    case 'user-knn':
      return openUserKnn(member.data.rows, member.settings);
    case 'ease':
      return openEase(member.data);
    case 'naive-bayes':
      return openNaiveBayes(member.data);
    case 'als':
      return openAls(member.data, member.settings);
    case 'vae':
      return openVae(member.data.parameters, { ...member.settings, products: member.data.products });
    case 'content':
      return openContent(member.data);
  }
}
