import { Arg, Ctx, ID, Query, Resolver } from 'type-graphql';
import type { Context } from '../../graphql/context.js';
import { fromGlobalId } from '../../graphql/relay.js';
import { RiskClassEnum } from '../risk.type.js';
import type { RiskClass } from '../risk-class.js';
import type { CounterfactualsService } from './counterfactuals.service.js';
import { CounterfactualsType, counterfactualsType } from './counterfactuals.type.js';

/** About one for each row that is scored. */
const COMPLEXITY = 2_000;

@Resolver()
export class CounterfactualsResolver {
  constructor(private readonly service: CounterfactualsService) {}

  @Query(() => CounterfactualsType, {
    complexity: COMPLEXITY,
    description:
      'What would change the decision: few and small changes of what a user can change (describeAttributes) that bring the risk by the active model to a lower level. Nothing is stored.',
  })
  async counterfactuals(
    @Arg('userId', () => ID, { description: 'The user.' }) userId: string,
    @Arg('target', () => RiskClassEnum, { defaultValue: 'low', description: 'LOW or MEDIUM.' }) target: RiskClass,
    @Ctx() { viewer }: Context,
  ): Promise<CounterfactualsType> {
    return counterfactualsType(await this.service.search(viewer, fromGlobalId('User', userId), target));
  }
}
