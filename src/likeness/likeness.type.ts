import { Field, Float, Int, ObjectType } from 'type-graphql';
import { enumOf } from '../graphql/enum.js';
import { ProductNode, productNode } from '../products/product.type.js';
import { UserNode } from '../users/user.type.js';
import type { LikenessSource, LikeProduct } from './likeness.service.js';

const LikenessSourceEnum = enumOf<LikenessSource>('LikenessSource', 'What says how alike two are.', {
  model: 'The model that serves recommendations, as it has learnt it.',
  content: 'What is known of the products: type, risk class, yield, …',
  holdings: 'The products that users hold.',
});

@ObjectType('LikeProduct', { simpleResolvers: true, description: 'A product that is like another.' })
export class LikeProductType {
  @Field(() => ProductNode, { description: 'The product.' })
  product: ProductNode;

  @Field(() => Float, { description: '1 at most. Of one source similarities can be compared.' })
  similarity: number;

  @Field(() => LikenessSourceEnum, { description: 'What says so: MODEL or CONTENT.' })
  source: LikenessSource;
}

export const likeProductType = ({ product, ...like }: LikeProduct): LikeProductType =>
  Object.assign(new LikeProductType(), { ...like, product: productNode(product) });

@ObjectType('LikeUser', { simpleResolvers: true, description: 'A user of the institution who is like another.' })
export class LikeUserType {
  @Field(() => UserNode, { description: 'The user.' })
  user: UserNode;

  @Field(() => Float, { description: '1 at most. Of one source similarities can be compared.' })
  similarity: number;

  @Field(() => LikenessSourceEnum, { description: 'What says so: MODEL or HOLDINGS.' })
  source: LikenessSource;

  @Field(() => Int, { description: 'How many products both hold.' })
  inCommon: number;
}
