import { VARIABLES, type Variable } from './variables.js';

const WIDTH = 96;

/** The variables, grouped, for --help. */
export function environmentHelp(): string {
  const all = Object.values(VARIABLES) as Variable<unknown>[];
  const groups = [...new Set(all.map(({ group }) => group))];
  const text = groups.map((name) => {
    const variables = all.filter(({ group }) => group === name);
    return `${name}\n${variables.map(helpOf).join('\n')}`;
  });
  return `Environment:\n\n${text.join('\n\n')}`;
}

function helpOf({ name, description, allowed, fallback }: Variable<unknown>): string {
  const lines = wrap(`${description} ${sentence(allowed)}${fallback === undefined ? '' : ` Default: ${fallback}.`}`);
  return [`  ${name}`, ...lines.map((line) => `      ${line}`)].join('\n');
}

const sentence = (text: string) => `${text[0].toUpperCase()}${text.slice(1)}.`;

function wrap(text: string): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1)!;
    if (last && last.length + word.length >= WIDTH) lines.push(word);
    else lines[lines.length - 1] = last ? `${last} ${word}` : word;
  }
  return lines;
}
