import { Field, ObjectType } from 'type-graphql';
import { enumOf } from '../graphql/enum.js';
import type { TagName } from './tags.js';

export const TagNameEnum = enumOf<TagName>('TagName', 'What kind of customer a user is.', {
  'high-risk': 'Accepts high risk, or trades products of high risk.',
  'low-risk': 'Avoids risk, or trades products of low risk.',
  'frequent-trader': 'Buys and sells often.',
  dormant: 'Has not been seen for half a year.',
  saver: 'Keeps a good part of what comes in.',
  'high-value': 'Has or moves a lot.',
  researcher: 'Looks at much and trades little.',
  digital: 'Logs in often.',
  declining: 'Is far less active than in the year as a whole.',
  'new-customer': 'Was first seen not long ago.',
});

@ObjectType('Tag', { simpleResolvers: true, description: 'A label on a user, with the rule that gave it.' })
export class TagType {
  @Field(() => TagNameEnum, { description: 'The label.' })
  tag: TagName;

  @Field(() => String, { description: 'The rule with the numbers: "12 trades in the last 13 weeks (at least 8)".' })
  rule: string;
}
