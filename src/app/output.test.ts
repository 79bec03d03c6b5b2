import { PassThrough } from 'node:stream';
import { badInput, ConcordError } from '../errors.js';
import { createOutput, exitCodeOf, table } from './output.js';

function streams(terminal = false) {
  const stdout = new PassThrough();
  const stderr = Object.assign(new PassThrough(), { isTTY: terminal, columns: 60 });
  const text = (stream: PassThrough) => String(stream.read() ?? '');
  return { stdout, stderr, out: () => text(stdout), err: () => text(stderr) };
}

describe('createOutput', () => {
  it('with --json: one object on stdout, progress as lines on stderr, no remarks', () => {
    const io = streams(true);
    const output = createOutput({ json: true }, io);
    output.note('a remark');
    output.progress('reading', 0.1234, { rows: 5 });
    output.result({ a: 1 }, () => 'text');
    expect(io.out()).toBe('{"a":1}\n');
    expect(io.err()).toBe('{"progress":{"stage":"reading","fraction":0.123,"figures":{"rows":5}}}\n');
  });

  it('without a terminal: a line for each further tenth, not a flood', () => {
    const io = streams();
    const output = createOutput({}, io);
    for (let i = 0; i <= 100; i++) output.progress('reading', i / 100);
    output.progress('writing', 0);
    output.result({}, () => 'done');
    expect(io.err().trim().split('\n')).toHaveLength(12);
    expect(io.out()).toBe('done\n');
  });

  it('on a terminal: a bar that keeps within the line and gives it back', () => {
    const io = streams(true);
    const output = createOutput({}, io);
    output.progress('a stage with a very long name that would not fit into the line at all', 0.5, { loss: 0.123456 });
    output.progress('next', 7);
    output.note('done');
    const lines = io.err().replaceAll('\r\u001b[K', '\n').split('\n').filter(Boolean);
    expect(lines[0]).toContain('████████████░░░░░░░░░░░░  50 %');
    expect(lines.every((line) => line.length < 60)).toBe(true);
    expect(lines.slice(1)).toEqual([expect.stringContaining('100 %  next'), 'done']);
  });
});

test('table: columns in line, numbers to the right', () => {
  const rows = [
    { name: 'auc', value: 0.77512345, note: undefined },
    { name: 'recall@3', value: 12, note: 'x' },
  ];
  expect(table(rows)).toBe('name       value  note\nauc       0.7751\nrecall@3      12  x');
  expect(table([])).toBe('');
});

test('exitCodeOf', () => {
  expect([badInput('x'), new ConcordError('CANCELLED', 'x'), new TypeError('x')].map(exitCodeOf)).toEqual([1, 130, 1]);
});
