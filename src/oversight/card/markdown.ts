import type { CardTable, ModelCard } from './card.js';
import { HEADING } from './sections.js';

/** The card to be read: headings by point of Annex IV. What is to be completed stands in a list of tasks. */
export function cardMarkdown(card: ModelCard): string {
  const { version, sections, generatedAt, concord } = card;
  const name = `${version.task}, ${version.model}${version.number === null ? '' : `, version ${version.number}`}`;
  const head = [
    `# Model card: ${name}`,
    `${HEADING}. Generated ${generatedAt} by Concord ${concord}${version.id ? ` for \`${version.id}\`` : ''}. Points that only the provider or the deployer can answer are marked □.`,
  ];
  const body = sections.flatMap(({ point, title, statements, tables, toComplete }) => [
    `## ${point} ${title}`,
    ...statements.map(escaped),
    ...tables.map(tableMarkdown),
    ...(toComplete.length > 0 ? [toComplete.map((text) => `- □ To complete: ${text}`).join('\n')] : []),
  ]);
  return `${[...head, ...body].join('\n\n')}\n`;
}

function tableMarkdown({ heads, rows }: CardTable): string {
  const line = (cells: readonly (string | number | null)[]) =>
    `| ${cells.map((cell) => escaped(cell === null ? '' : String(cell)).replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Names of attributes and groups are an institution's own: they must not become markup. */
const escaped = (text: string): string => text.replace(/[\\`*_{}[\]<>#]/g, (mark) => `\\${mark}`).replace(/\s+/g, ' ');
