import { contentOf, type DescribedProduct } from './product-content.js';

const product = (code: string, rest: Partial<DescribedProduct> = {}): DescribedProduct => ({
  code,
  name: code,
  type: 'other',
  riskClass: 3,
  expectedYield: null,
  volatility: null,
  termMonths: null,
  minimumAmount: 0,
  minimumHorizonMonths: 0,
  requiredKnowledge: 0,
  currency: 'EUR',
  attributes: {},
  ...rest,
});
const of = (...products: DescribedProduct[]) =>
  contentOf(
    products.map(({ code }) => code),
    new Map(products.map((each) => [each.code, each])),
  );

test('names and long attributes are texts, short ones categories, and what is the same of all is left out', () => {
  const description = '本基金主要投资于新兴市场的股票。';
  expect(
    of(
      product('A', { name: 'Growth fund', type: 'fund', attributes: { description, provider: 'North', fee: '0.5' } }),
      product('B', { name: 'Home loan', type: 'loan', attributes: { provider: 'South', fee: '1.25' } }),
    ),
  ).toEqual([
    {
      texts: ['Growth fund', description],
      attributes: { type: 'fund', 'attribute provider': 'North', 'attribute fee': 0.5 },
    },
    { texts: ['Home loan'], attributes: { type: 'loan', 'attribute provider': 'South', 'attribute fee': 1.25 } },
  ]);
});

test('a bank can supply a vector of each product', () => {
  const contents = of(
    product('A', { attributes: { vector: '[0.5, -1; 2e-1]' } }),
    product('B', { attributes: { vector: '1 2 3' } }),
    product('C', { attributes: { vector: 'none' } }),
  );
  expect(contents?.map(({ vector }) => vector)).toEqual([[0.5, -1, 0.2], [1, 2, 3], undefined]);
});

test('a product that the catalogue does not have is known by nothing', () => {
  const contents = contentOf(['A', 'X'], new Map([['A', product('A', { type: 'fund' })]]));
  expect(contents?.[1]).toEqual({ texts: [], attributes: expect.objectContaining({ type: null }) });
});

test('where products differ in their codes alone, there is no content', () => {
  expect(of(product('A'), product('B'))).toBeUndefined();
});
