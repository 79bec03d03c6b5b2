import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import type { Context } from '../graphql/context.js';
import { fromGlobalId } from '../graphql/relay.js';
import type { FeedbackService } from './feedback.service.js';
import {
  FeedbackRecorded,
  feedbackType,
  ProductNotShown,
  RecordFeedbackInput,
  RecordFeedbackResult,
} from './feedback.type.js';

@Resolver()
export class FeedbackResolver {
  constructor(private readonly service: FeedbackService) {}

  @Mutation(() => RecordFeedbackResult, {
    description:
      'Records what a user did with a product of a stored answer, once a kind. The same call again changes nothing.',
  })
  async recordFeedback(
    @Arg('input', () => RecordFeedbackInput, { description: 'What the user did.' }) input: RecordFeedbackInput,
    @Ctx() { viewer }: Context,
  ): Promise<FeedbackRecorded | ProductNotShown> {
    const outcome = await this.service.record(viewer, {
      recommendationId: fromGlobalId('Recommendation', input.recommendationId),
      productId: fromGlobalId('Product', input.productId),
      kind: input.kind,
      rating: input.rating ?? undefined,
    });
    if (outcome.outcome === 'not_shown') {
      const { recommendationId, productId } = input;
      return Object.assign(new ProductNotShown(), { recommendationId, productId });
    }
    return Object.assign(new FeedbackRecorded(), {
      feedback: feedbackType(outcome.feedback),
      changed: outcome.changed,
    });
  }
}
