import { findPackage, probeApart } from './probe.js';

test('a probe’s answer is its last line, whatever a driver wrote before it', async () => {
  const script = `console.log('{"not": "this"}'); console.error('Warning'); process.stdout.write('\\n' + JSON.stringify({ argument: process.argv[1] }));`;
  expect(await probeApart(script, 'here')).toEqual({ found: { argument: 'here' } });
});

test('a probe that throws says why', async () => {
  expect(await probeApart(`throw new TypeError('no library');`, '')).toEqual({ failure: 'TypeError: no library' });
  expect(await probeApart('process.exit(3);', '')).toEqual({ failure: 'it failed without a message' });
});

test('a driver that takes its process down takes only the probe', async () => {
  const result = await probeApart(`process.kill(process.pid, 'SIGSEGV'); setInterval(() => {}, 1000);`, '');
  expect(result).toEqual({ failure: 'its driver crashed with SIGSEGV' });
});

test('a package is found by name, or is not there', () => {
  expect(findPackage('onnxruntime-node')).toMatch(/onnxruntime-node/);
  expect(findPackage('no-such-package-of-ours')).toBeUndefined();
});
