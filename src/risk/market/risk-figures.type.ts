import { Field, Float, Int, ObjectType } from 'type-graphql';
import { enumOf } from '../../graphql/enum.js';
import { CalendarDate } from '../../graphql/scalars.js';
import type { Frequency } from './history.js';
import type { RiskFigures } from './risk-figures.js';

export const PriceFrequencyEnum = enumOf<Frequency>('PriceFrequency', 'How often a product is priced.', {
  daily: 'On working days.',
  weekly: 'Every week.',
  monthly: 'Every month, or twice.',
  rare: 'Less than once a month.',
});

@ObjectType('RiskFigures', {
  simpleResolvers: true,
  description:
    'The risk of a product by its price history of the past five years: formulas and sources are in the documentation (risk.md). Losses are shares of the amount: .1 is 10 %.',
})
export class RiskFiguresType {
  @Field(() => PriceFrequencyEnum, { description: 'How often it is priced; losses of one period are of this length.' })
  frequency: Frequency;

  @Field(() => Int, { description: 'Returns that were observed.' })
  observations: number;

  @Field(() => CalendarDate, { description: 'The first price.' })
  from: string;

  @Field(() => CalendarDate, { description: 'The last price.' })
  asOf: string;

  @Field(() => Boolean, {
    description:
      'Whether there are two years of daily, four of weekly or five of monthly prices, as the regulation asks for. Without them the market risk is 6 at least.',
  })
  sufficient: boolean;

  @Field(() => Int, { description: 'Longer distances between two prices than the frequency lets one expect.' })
  gaps: number;

  @Field(() => Float, { description: 'Standard deviation of the logarithmic returns, a year.' })
  volatility: number;

  @Field(() => Float, { description: 'Skewness of the logarithmic returns of one period.' })
  skewness: number;

  @Field(() => Float, { description: 'Excess kurtosis of the logarithmic returns of one period.' })
  kurtosis: number;

  @Field(() => Float, { description: 'The greatest fall from a peak.' })
  maxDrawdown: number;

  @Field(() => Float, {
    description: 'Loss of one period that is exceeded in one case of forty (97.5 %), as observed.',
  })
  valueAtRisk: number;

  @Field(() => Float, { description: 'Mean loss in those cases, as observed.' })
  expectedShortfall: number;

  @Field(() => Float, { description: 'valueAtRisk by the Cornish-Fisher expansion.' })
  cornishFisherValueAtRisk: number;

  @Field(() => Float, { description: 'expectedShortfall by the Cornish-Fisher expansion.' })
  cornishFisherExpectedShortfall: number;

  @Field(() => Float, {
    description: 'The recommended holding period: the longer of term and minimum horizon, one year at least.',
  })
  holdingYears: number;

  @Field(() => Float, { description: 'Loss over the holding period that is exceeded in one case of forty.' })
  holdingPeriodLoss: number;

  @Field(() => Float, { description: 'The yearly volatility of a normal distribution with that loss (VEV).' })
  varEquivalentVolatility: number;

  @Field(() => Int, { description: 'Market risk measure (MRM), 1 to 7.' })
  marketRisk: number;

  @Field(() => Int, { description: 'Credit risk measure (CRM), 1 to 6.' })
  creditRisk: number;

  @Field(() => Int, {
    nullable: true,
    description:
      'Credit quality step of who owes the money, 0 to 6: the attribute creditQualityStep of the product. Null: nobody owes any.',
  })
  creditQualityStep: number | null;

  @Field(() => Boolean, {
    description: 'The product has no such attribute: the step is the one that the regulation assumes.',
  })
  creditAssumed: boolean;

  @Field(() => Int, { description: 'Summary risk indicator of Delegated Regulation (EU) 2017/653, 1 to 7.' })
  sri: number;

  @Field(() => Int, {
    description: 'The risk class that follows, 1 to 5. Suitability goes by this one where it is above the stated one.',
  })
  riskClass: number;
}

export const riskFiguresType = (figures: RiskFigures): RiskFiguresType => Object.assign(new RiskFiguresType(), figures);
