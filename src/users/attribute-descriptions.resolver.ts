import { Arg, Ctx, Mutation, Query, Resolver } from 'type-graphql';
import type { Context } from '../graphql/context.js';
import type { AttributeDescription } from './attribute-description.js';
import {
  AttributeDescriptionType,
  attributeDescriptionOf,
  DescribeAttributesInput,
  DescribeAttributesPayload,
} from './attribute-description.type.js';
import type { AttributeDescriptionsService } from './attribute-descriptions.service.js';

@Resolver()
export class AttributeDescriptionsResolver {
  constructor(private readonly descriptions: AttributeDescriptionsService) {}

  @Query(() => [AttributeDescriptionType], {
    description: 'What your institution says of the attributes of its users, by name.',
  })
  attributeDescriptions(@Ctx() { viewer }: Context): Promise<readonly AttributeDescription[]> {
    return this.descriptions.all(viewer);
  }

  @Mutation(() => DescribeAttributesPayload, {
    description:
      'Says what people call attributes, and how a user can change them: principal reasons and counterfactuals go by it.',
  })
  async describeAttributes(
    @Arg('input', () => DescribeAttributesInput, { description: 'The attributes.' }) input: DescribeAttributesInput,
    @Ctx() { viewer }: Context,
  ): Promise<DescribeAttributesPayload> {
    return { attributes: await this.descriptions.describe(viewer, input.attributes.map(attributeDescriptionOf)) };
  }
}
