import fc from 'fast-check';
import { BUCKETS, bucketOf, countBuckets, foldText, ngramsOf } from './ngrams.js';

test('words become n-grams of three to five characters, with their ends marked', () => {
  expect(ngramsOf('Fund')).toEqual([
    ...['<fu', 'fun', 'und', 'nd>'],
    ...['<fun', 'fund', 'und>'],
    ...['<fund', 'fund>'],
  ]);
  expect(ngramsOf('a')).toEqual(['<a>']);
});

test('Chinese becomes n-grams of one to three characters', () => {
  expect(ngramsOf('基金A')).toEqual(['基', '金', '基金', '<a>']);
  expect(ngramsOf('股票基')).toEqual(['股', '票', '基', '股票', '票基', '股票基']);
});

test('a character beyond the first plane is one character', () => {
  expect(ngramsOf('𠮷')).toEqual(['𠮷']);
});

test('what is written in another width, case or composition is the same', () => {
  expect(foldText('ＦＵＮＤ ﬁ Straße É')).toBe('fund fi strasse é');
  expect(foldText('E\u0301')).toBe('é');
  expect(ngramsOf('ﾌｧﾝﾄﾞ')).toEqual(ngramsOf('ファンド'));
});

test('signs and spaces part words and are no n-grams', () => {
  expect(ngramsOf('— , 。！')).toEqual([]);
  expect(ngramsOf('a-b')).toEqual(['<a>', '<b>']);
});

test('any text has n-grams whose buckets are in range', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      for (const bucket of countBuckets([text]).keys()) {
        expect(Number.isInteger(bucket) && bucket >= 0 && bucket < BUCKETS).toBe(true);
      }
    }),
  );
});

test('few of many n-grams share a bucket', () => {
  const buckets = new Set(Array.from({ length: 20_000 }, (_, number) => bucketOf(`n${number}`)));
  expect(buckets.size).toBeGreaterThan(19_700);
});
