import { Field, Float, ObjectType } from 'type-graphql';
import { pointsOf } from '../engine/scorecard/points.js';
import { type Attribute, scorecardTable } from '../engine/scorecard/table.js';

@ObjectType({
  simpleResolvers: true,
  description: 'A class of values of one attribute of users, and what it counts in a scorecard.',
})
export class ScorecardAttribute {
  @Field(() => String, { description: 'The attribute of users.' })
  characteristic: string;

  @Field(() => String, { description: 'Which of its values: "20 to below 35", "clerk, sailor", "missing".' })
  attribute: string;

  @Field(() => Float, { description: "Points, to a tenth. A user's are added up." })
  points: number;

  @Field(() => Float, { description: 'Of the training users, 0 to 1.' })
  share: number;

  @Field(() => Float, { description: 'Share of those with the event, 0 to 1.' })
  eventRate: number;

  @Field(() => Float, {
    description: 'Weight of evidence: ln(share of those without the event ÷ share of those with it).',
  })
  woe: number;

  @Field(() => Float, { description: 'Information value of the characteristic.' })
  iv: number;
}

@ObjectType({ simpleResolvers: true, description: 'The points of a scorecard. More points are less risk.' })
export class Scorecard {
  @Field(() => Float, { description: 'So many points …' })
  points: number;

  @Field(() => Float, { description: '… are given at these odds of no event to event, …' })
  odds: number;

  @Field(() => Float, { description: '… and so many more double the odds.' })
  pointsToDoubleOdds: number;

  @Field(() => [ScorecardAttribute], { description: 'Characteristic by characteristic.' })
  attributes: readonly Attribute[];
}

/** null where the model is no scorecard. */
export function scorecardOf(training: Readonly<Record<string, unknown>>): Scorecard | null {
  const table = scorecardTable(training);
  if (!table) return null;
  const { points, odds, pdo } = table.scale;
  return Object.assign(new Scorecard(), { points, odds, pointsToDoubleOdds: pdo, attributes: table.attributes });
}

/** A score in whole points. @param logOdds of the event */
export const scorePoints = ({ points, odds, pointsToDoubleOdds: pdo }: Scorecard, logOdds: number): number =>
  Math.round(pointsOf({ points, odds, pdo }, logOdds));
