/** Buckets that n-grams are hashed to: few enough to be stored as float32, and so many that two n-grams seldom meet in one. */
export const BUCKETS = 2 ** 20;

const CJK = '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Hangul}';
/** A run of characters of scripts that are written without spaces, or a word of letters and digits of the others. */
const RUNS = new RegExp(`[${CJK}]+|(?:(?![${CJK}])[\\p{L}\\p{M}\\p{N}])+`, 'gu');
const IS_CJK = new RegExp(`^[${CJK}]`, 'u');

const LENGTHS = { cjk: [1, 3], word: [3, 5] } as const;

/** One form for characters that mean the same: full-width and half-width, composed and decomposed, capital and small. */
export const foldText = (text: string): string => text.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC');

/**
 * Character n-grams of a text: of one to three characters in Chinese, Japanese and Korean, of three to five in words of other scripts,
 * whose beginning and end are marked (“<fund>”). No dictionary and no list of words, so that any language and any name will do.
 */
export function ngramsOf(text: string): string[] {
  const ngrams: string[] = [];
  for (const [run] of foldText(text).matchAll(RUNS)) {
    const isCjk = IS_CJK.test(run);
    const characters = [...(isCjk ? run : `<${run}>`)];
    const [shortest, longest] = isCjk ? LENGTHS.cjk : LENGTHS.word;
    for (let length = shortest; length <= longest; length++) {
      for (let start = 0; start + length <= characters.length; start++)
        ngrams.push(characters.slice(start, start + length).join(''));
    }
  }
  return ngrams;
}

/** FNV-1a over the UTF-16 units, folded to a bucket. */
export function bucketOf(ngram: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < ngram.length; index++) {
    const unit = ngram.charCodeAt(index);
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193);
    hash = Math.imul(hash ^ (unit >>> 8), 0x01000193);
  }
  return ((hash >>> 20) ^ hash) & (BUCKETS - 1);
}

/** How often each bucket occurs in some texts. */
export function countBuckets(texts: readonly string[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const text of texts) {
    for (const ngram of ngramsOf(text)) {
      const bucket = bucketOf(ngram);
      counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
    }
  }
  return counts;
}
