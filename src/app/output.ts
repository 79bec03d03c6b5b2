import { ConcordError } from '../errors.js';

/** What commands write to: stdout for the result, stderr for everything else. Tests give their own. */
export interface Streams {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream & { isTTY?: boolean; columns?: number };
}

export interface Output {
  readonly json: boolean;
  /** How far long work is: a bar on a terminal, else one JSON object a line; on stderr either way. */
  progress(stage: string, fraction: number, figures?: Readonly<Record<string, number>>): void;
  /** A remark for whoever looks on; stderr. Nothing with --json. */
  note(text: string): void;
  /** The outcome: one JSON object with --json, else the text; stdout. */
  result(object: object, renderText: () => string): void;
}

export type Cell = string | number | boolean | null | undefined;

/** @returns rows as aligned columns, numbers to the right; the keys of the first row are the heads. */
export function table(rows: readonly Readonly<Record<string, Cell>>[]): string {
  if (rows.length === 0) return '';
  const heads = Object.keys(rows[0]!);
  const cells = rows.map((row) => heads.map((head) => cellText(row[head])));
  const widths = heads.map((head, i) => Math.max(head.length, ...cells.map((line) => line[i]!.length)));
  const numeric = heads.map((head) => rows.every((row) => row[head] == null || typeof row[head] === 'number'));
  const line = (texts: readonly string[]) =>
    texts
      .map((text, i) => (numeric[i] ? text.padStart(widths[i]!) : text.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd();
  return [line(heads), ...cells.map(line)].join('\n');
}

function cellText(value: Cell): string {
  if (value == null) return '';
  if (typeof value !== 'number' || Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 1000 ? value.toFixed(1) : String(Number(value.toPrecision(4)));
}

export function createOutput(
  options: { readonly json?: boolean },
  streams: Streams = { stdout: process.stdout, stderr: process.stderr },
): Output {
  const json = options.json === true;
  const bar = streams.stderr.isTTY && !json ? createBar(streams.stderr) : undefined;
  const lines = createProgressLines(streams.stderr);
  return {
    json,
    progress: (stage, fraction, figures) => (bar ?? lines).show(stage, Math.min(1, Math.max(0, fraction)), figures),
    note(text) {
      if (json) return;
      bar?.end();
      streams.stderr.write(`${text}\n`);
    },
    result(object, renderText) {
      bar?.end();
      const text = json ? JSON.stringify(object) : renderText();
      streams.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
    },
  };
}

interface ProgressView {
  show(stage: string, fraction: number, figures?: Readonly<Record<string, number>>): void;
}

function createBar(stream: Streams['stderr']): ProgressView & { end(): void } {
  const WIDTH = 24;
  let last = '';
  const end = () => {
    if (last) stream.write('\n');
    last = '';
  };
  return {
    show(stage, fraction, figures) {
      const filled = Math.round(fraction * WIDTH);
      const text = `${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)} ${String(Math.floor(fraction * 100)).padStart(3)} %  ${stage}${figuresText(figures)}`;
      const line = text.slice(0, (stream.columns ?? 100) - 1);
      if (line === last) return;
      stream.write(`\r\u001b[K${line}`);
      last = line;
      if (fraction === 1) end();
    },
    end,
  };
}

/** A line for each new stage and each further tenth of one, though several go on side by side: enough for a log, not a flood. */
function createProgressLines(stream: Streams['stderr']): ProgressView {
  const shown = new Set<string>();
  return {
    show(stage, fraction, figures) {
      const key = `${stage}\n${Math.floor(fraction * 10)}`;
      if (shown.has(key)) return;
      shown.add(key);
      stream.write(
        `${JSON.stringify({ progress: { stage, fraction: Number(fraction.toFixed(3)), ...(figures && { figures }) } })}\n`,
      );
    },
  };
}

function figuresText(figures: Readonly<Record<string, number>> | undefined): string {
  if (!figures) return '';
  return `  ${Object.entries(figures)
    .map(([name, value]) => `${name} ${cellText(value)}`)
    .join(', ')}`;
}

export const EXIT = { ok: 0, failure: 1, usage: 2, cancelled: 130 } as const;

/** @returns the exit code for an error that ended a command. */
export function exitCodeOf(error: unknown): number {
  return error instanceof ConcordError && error.code === 'CANCELLED' ? EXIT.cancelled : EXIT.failure;
}

/**
 * Reports the error that ended a command, and sets the exit code. Expected failures are one sentence; others show their stack.
 * @param json as an object on stderr: {"error": {"code", "message"}}
 */
export function reportFailure(error: unknown, json: boolean, stderr: NodeJS.WritableStream = process.stderr): void {
  const code = error instanceof ConcordError ? error.code : 'INTERNAL';
  const message = error instanceof Error ? error.message : String(error);
  const text = error instanceof ConcordError ? message : error instanceof Error ? (error.stack ?? message) : message;
  stderr.write(json ? `${JSON.stringify({ error: { code, message } })}\n` : `concord: ${text}\n`);
  process.exitCode = exitCodeOf(error);
}
