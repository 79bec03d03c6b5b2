import type { Database } from '../database/database.js';
import { badInput, notFound } from '../errors.js';
import { toGlobalId } from '../graphql/relay.js';
import { requireInstitution, type Viewer } from '../graphql/viewer.js';
import type { Feedback, FeedbackKind } from './feedback.js';
import { FeedbackStore } from './feedback.store.js';
import { RecommendationsStore } from './recommendations.store.js';

export interface FeedbackValues {
  readonly recommendationId: string;
  readonly productId: string;
  readonly kind: FeedbackKind;
  /** 1 to 5; with kind rated, and with no other. */
  readonly rating?: number;
}

export type FeedbackOutcome =
  | { readonly outcome: 'recorded'; readonly feedback: Feedback; readonly changed: boolean }
  | { readonly outcome: 'not_shown' };

export class FeedbackService {
  private readonly feedback = new FeedbackStore();
  private readonly recommendations: RecommendationsStore;

  constructor(private readonly modules: { readonly database: Database }) {
    this.recommendations = new RecommendationsStore(modules.database);
  }

  /**
   * Records what a user did with a product of an answer, once a kind; the same call again changes nothing.
   * @returns not_shown where the product was not among those delivered
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope users:write), NOT_FOUND for the recommendation, BAD_INPUT for a rating
   *   without its kind or a kind without its rating
   */
  async record(viewer: Viewer | undefined, values: FeedbackValues): Promise<FeedbackOutcome> {
    const institutionId = requireInstitution(viewer, 'users:write');
    const { recommendationId, productId, kind, rating } = values;
    if ((kind === 'rated') !== (rating !== undefined))
      throw badInput('A rating comes with the kind RATED, and only with it.');
    if (rating !== undefined && !(Number.isInteger(rating) && rating >= 1 && rating <= 5))
      throw badInput('A rating is a whole number from 1 to 5.');
    const answer = await this.recommendations.byId(institutionId, recommendationId);
    if (!answer) throw notFound('recommendation', toGlobalId('Recommendation', recommendationId));
    const shown = answer.items.some((item) => item.productId === productId && item.rank <= answer.shown && item.checks);
    if (!shown) return { outcome: 'not_shown' };
    const { userId } = answer;
    const written = await this.modules.database.tenant(institutionId, (manager) =>
      this.feedback.put(manager, institutionId, { recommendationId, userId, productId, kind, rating: rating ?? null }),
    );
    return { outcome: 'recorded', ...written };
  }
}
