import { BACKENDS, type BackendName } from './backend.js';
import { chooseBackend, openBackend, probeBackends } from './select.js';

// First of all, while nothing is loaded.
test('no backend meddles with how the process meets errors', async () => {
  const before = [process.listenerCount('uncaughtException'), process.listenerCount('unhandledRejection')];
  for (const { name, available } of await probeBackends()) {
    if (available && name !== 'webgpu' && name !== 'tensorflow') await (await openBackend(name)).dispose();
  }
  expect([process.listenerCount('uncaughtException'), process.listenerCount('unhandledRejection')]).toEqual(before);
});

test('every backend is reported, with what it runs on or why it does not run', async () => {
  const reports = await probeBackends({ threads: 2 });
  expect(reports.map(({ name }) => name)).toEqual([...BACKENDS]);
  for (const { available, device, reason } of reports) expect(available ? device : reason).toMatch(/\w{3}/);
  expect(reports[2].device).toMatch(/^onnxruntime .*, CPU, 2 threads$/);
  for (const { name, available, software } of reports) {
    if (!available || software) {
      expect(await chooseBackend()).not.toBe(name);
    }
  }
});

test('a backend that is not there is refused with the reason', async () => {
  await expect(openBackend('abacus' as BackendName)).rejects.toMatchObject({
    code: 'CONFIGURATION',
    message: 'No backend is called abacus: there are tensorflow, webgpu, onnxruntime, wasm, cpu.',
  });
  const absent = (await probeBackends()).find(({ available }) => !available);
  if (absent)
    await expect(openBackend(absent.name)).rejects.toMatchObject({
      code: 'CONFIGURATION',
      message: `The backend ${absent.name} cannot be used. ${absent.reason}`,
    });
});

test('backends run side by side in one thread', async () => {
  const names = ['wasm', 'cpu', 'onnxruntime', 'wasm'] as const;
  const backends = await Promise.all(names.map((name) => openBackend(name)));
  const executables = await Promise.all(
    backends.map((backend) => backend.compile((ops, [a]) => [ops.square(a)], [{ shape: [2], dtype: 'float32' }])),
  );
  for (let round = 0; round < 3; round++) {
    const results = await Promise.all(executables.map((each) => each.run([Float32Array.of(round, -3)])));
    expect(results).toEqual(names.map(() => [Float32Array.of(round * round, 9)]));
  }
  for (const executable of executables) {
    await expect(executable.run([])).rejects.toThrow('A graph of 1 inputs was given 0.');
    await expect(executable.run([new Float32Array(3)])).rejects.toThrow('Input 0 of a graph must be float32 [2]');
    await executable.dispose();
  }
  await Promise.all(backends.map((backend) => backend.dispose()));
});

test('outputs are the caller’s own, even where an input is handed through', async () => {
  for (const name of ['wasm', 'cpu', 'onnxruntime'] as const) {
    const backend = await openBackend(name);
    const identity = await backend.compile((_ops, [a]) => [a], [{ shape: [2], dtype: 'float32' }]);
    const given = Float32Array.of(1, 2);
    const [first] = await identity.run([given]);
    first[0] = 7;
    expect(given[0]).toBe(1);
    expect((await identity.run([given]))[0]).toEqual(Float32Array.of(1, 2));
    await backend.dispose();
  }
});
