import { Field, Float, Int, ObjectType } from 'type-graphql';
import type { ShiftLevel } from '../engine/metrics/drift/stability.js';
import { enumOf } from '../graphql/enum.js';

export const OversightLevelEnum = enumOf<ShiftLevel>('OversightLevel', 'Whether somebody should look.', {
  none: 'No mark is passed, or none beyond chance.',
  watch: 'Drift: a PSI from 0.1. Fairness: a ratio below four fifths that may be chance.',
  alert: 'Drift: a PSI from 0.25. Fairness: a ratio below four fifths, beyond chance.',
});

@ObjectType('Estimate', {
  simpleResolvers: true,
  description: 'A figure and the interval that holds the true one in 95 of 100 samples.',
})
export class EstimateType {
  @Field(() => Float, { description: 'The figure.' })
  value: number;

  @Field(() => Float, { description: 'Lower end of the interval.' })
  low: number;

  @Field(() => Float, { nullable: true, description: 'Upper end of the interval; null: without bound.' })
  high: number | null;
}

@ObjectType('Rate', { simpleResolvers: true, description: 'A share of users, with its exact 95 % interval.' })
export class RateType {
  @Field(() => Int, { description: 'So many …' })
  count: number;

  @Field(() => Int, { description: '… of so many.' })
  of: number;

  @Field(() => Float, { description: 'count ÷ of.' })
  value: number;

  @Field(() => Float, { description: 'Lower end of the interval.' })
  low: number;

  @Field(() => Float, { description: 'Upper end of the interval.' })
  high: number;
}

@ObjectType('GroupGap', {
  simpleResolvers: true,
  description: 'A figure between the two groups that are furthest apart.',
})
export class GapType {
  @Field(() => Float, { description: 'The figure.' })
  value: number;

  @Field(() => Float, { description: 'Lower end of its 95 % interval.' })
  low: number;

  @Field(() => Float, { nullable: true, description: 'Upper end; null: without bound.' })
  high: number | null;

  @Field(() => [String], { description: 'The two groups, the one that fares better first.' })
  between: readonly string[];
}
