import { FieldResolver, Resolver, Root } from 'type-graphql';
import { ProductNode } from '../../products/product.type.js';
import { riskFiguresOf } from './risk-figures.js';
import { RiskFiguresType, riskFiguresType } from './risk-figures.type.js';

@Resolver(() => ProductNode)
export class RiskFiguresResolver {
  @FieldResolver(() => RiskFiguresType, {
    nullable: true,
    description: 'The risk by its price history; null where there are fewer than twelve returns.',
  })
  riskFigures(@Root() product: ProductNode): RiskFiguresType | null {
    const figures = riskFiguresOf(product);
    return figures ? riskFiguresType(figures) : null;
  }
}
