import { conv1d } from '../../layers/conv1d.js';
import { dense } from '../../layers/dense.js';
import { graphRows, graphsFor } from './user-batches.js';

const sequence = conv1d({ name: 'c', length: 24, inputs: 64, filters: 128, kernel: 3 });

test('graphs over sequences are small where that is faster, and never of one row', () => {
  const wide = dense({ name: 'd', inputs: 4096, units: 4096 });
  expect(graphRows({ name: 'onnxruntime' }, wide)).toBe(1024);
  expect(graphRows({ name: 'onnxruntime' }, sequence)).toBe(32);
  expect(graphRows({ name: 'onnxruntime' }, { rowValues: 2 ** 22 })).toBe(32);
  for (const { rows } of graphsFor(33, 1, 32)) expect(rows).toBeGreaterThan(1);
  expect(graphRows({ name: 'webgpu' }, sequence)).toBe(1024);
  expect(graphRows({ name: 'wasm' }, sequence)).toBe(256);
});

test.each([1, 31, 32, 500, 512, 1024, 3000])('graphs have room for %i rows, in blocks of equal length', (rows) => {
  for (const most of [1024, 256, 32]) {
    const graphs = graphsFor(rows, 1, most);
    const room = graphs.reduce((sum, graph) => sum + graph.rows, 0);
    expect(room).toBeGreaterThanOrEqual(rows);
    expect(room).toBeLessThan(rows + most / 4 + 1);
    for (const graph of graphs) expect(graph.rows % graph.blocks).toBe(0);
  }
});
