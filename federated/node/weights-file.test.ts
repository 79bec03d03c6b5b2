import { createHash, randomBytes } from 'node:crypto';
import { collectWeights } from './weights-file.js';

const file = randomBytes(5000);
const plan = (parameters: number, digest = createHash('sha256').update(file).digest('hex')) => ({
  model: { name: 'linear', contract: {}, parameters },
  base: { version: 'base', digest },
});
async function* cut(size: number) {
  for (let at = 0; at < file.length; at += size) yield file.subarray(at, at + size);
}

test.each([1, 700, 5000])('weights that come in pieces of %i bytes are put together', async (size) => {
  expect(Buffer.compare(await collectWeights(cut(size), plan(1000)), file)).toBe(0);
});

test('other weights than the plan says are declined', async () => {
  await expect(collectWeights(cut(700), plan(1000, 'a'.repeat(64)))).rejects.toMatchObject({ code: 'WRONG_WEIGHTS' });
});

test('of weights without end no more is taken than the model needs', async () => {
  let sent = 0;
  async function* endless() {
    for (;;) {
      sent += 1 << 16;
      yield Buffer.alloc(1 << 16);
    }
  }
  await expect(collectWeights(endless(), plan(1000))).rejects.toMatchObject({ code: 'WRONG_WEIGHTS' });
  expect(sent).toBeLessThan(2 << 20);
});

test('a model that no machine holds is declined', async () => {
  await expect(collectWeights(cut(700), plan(1e15))).rejects.toMatchObject({ code: 'WRONG_WEIGHTS' });
});
