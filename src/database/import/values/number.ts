const PLAIN = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

export type NumberParser = (text: string) => number;

/**
 * @returns a function from trimmed text to a number, NaN where the text is none. Currency signs, percent signs and thousands separators
 * ("$1,250.00", "10.65%", "1.250,00" with a decimal comma) are accepted and dropped; infinities and hexadecimal are not.
 */
export function numberParser(decimal: '.' | ','): NumberParser {
  const thousands = decimal === '.' ? /(?<=\d)[,' {2}](?=\d{3}(\D|$))/g : /(?<=\d)[.' {2}](?=\d{3}(\D|$))/g;
  return (text) => {
    if (decimal === '.' && PLAIN.test(text)) return finite(Number(text));
    const bare = text
      .replace(/^([+-]?)\s*[$€£¥]\s*/, '$1')
      .replace(/\s*[%$€£¥]$/, '')
      .replace(thousands, '');
    const point = decimal === ',' ? bare.replace(',', '.') : bare;
    return PLAIN.test(point) ? finite(Number(point)) : Number.NaN;
  };
}

const finite = (value: number) => (Number.isFinite(value) ? value : Number.NaN);
