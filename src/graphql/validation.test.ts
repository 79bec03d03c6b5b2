import { IsInt, MaxLength, Min, ValidateNested } from 'class-validator';
import { Field, InputType, Int } from 'type-graphql';
import { validateInput } from './validation.js';

@InputType()
class Item {
  @Field(() => Int)
  @IsInt()
  @Min(1)
  count: number;
}

@InputType()
class Order {
  @Field(() => String)
  @MaxLength(3)
  name: string;

  @Field(() => [Item])
  @ValidateNested({ each: true })
  items: Item[];
}

class Bare {
  name: string;
}

const validate = (value: unknown) => Promise.resolve(validateInput(value, Order as never, {} as never));
const item = (count: number) => Object.assign(new Item(), { count });

describe('validateInput', () => {
  it('lets pass what is valid, what is no object, and the values of JSON scalars', async () => {
    await validate(Object.assign(new Order(), { name: 'abc', items: [item(1)] }));
    for (const value of ['text', 5, null, undefined, new Date(), { any: 'map' }, [1, 'a', null]]) await validate(value);
  });

  it('names fields and rules, and never the value', async () => {
    const order = Object.assign(new Order(), { name: 'Geheimnis', items: [item(1), item(0)] });
    await expect(validate(order)).rejects.toMatchObject({
      code: 'BAD_INPUT',
      details: { fields: ['name', 'items.1.count'] },
      message: expect.not.stringContaining('Geheimnis'),
    });
  });

  it('refuses a class that nothing is known of, rather than let it through', async () => {
    await expect(validate(Object.assign(new Bare(), { name: 'x' }))).rejects.toMatchObject({ code: 'BAD_INPUT' });
  });
});
