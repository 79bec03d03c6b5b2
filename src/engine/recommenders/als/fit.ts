import { createRandom } from '../../layers/random.js';
import { type SparseRows, transpose } from '../matrix/sparse.js';
import type { Checkpoint } from '../recommender.js';
import { createRowKernel, type RowKernel } from './kernel.js';

export interface AlsSettings {
  readonly factors: number;
  /** λ of λ(Σ‖x‖² + Σ‖y‖²). */
  readonly regularisation: number;
  /** What owning adds to the confidence of 1 that not owning has. */
  readonly confidence: number;
  readonly iterations: number;
}

export interface AlsFit {
  /** (users × factors) and (products × factors), row by row. */
  readonly users: Float64Array;
  readonly products: Float64Array;
}

export interface AlsOptions {
  readonly seed: number;
  /** Called with the share that is done; it may throw. */
  readonly checkpoint: Checkpoint;
  /** The loss after each iteration: computing it takes a tenth of the time more. */
  readonly onLoss?: (loss: number) => void;
}

/** Steps of conjugate gradients for each user and product in each iteration: from the factors of the last one, few are enough. */
const STEPS = 3;

/**
 * Implicit alternating least squares (Hu, Koren and Volinsky 2008): minimises Σ c·(p − x·y)² + λ(Σ‖x‖² + Σ‖y‖²) over all pairs, where p = 1
 * and c = 1 + confidence for what is owned, else p = 0 and c = 1. Each side is solved in turn by conjugate gradients (Takács, Pilászy and
 * Tikk 2011) that start from where it stood: the loss never rises.
 */
export function fitAls(owned: SparseRows, settings: AlsSettings, { seed, checkpoint, onLoss }: AlsOptions): AlsFit {
  const { factors, iterations } = settings;
  const random = createRandom(seed).fork('als');
  const stride = Math.ceil(factors / 4) * 4;
  const kernel = createRowKernel(factors, owned.rows + owned.columns + stride + 3, 2 * owned.items.length);
  const side = (rows: number): Side => {
    const { values, address } = kernel.allocate(rows);
    for (let row = 0; row < rows; row++)
      for (let i = 0; i < factors; i++) values[row * stride + i] = (0.1 * random.normal()) / Math.sqrt(factors);
    return { rows, values, address };
  };
  const users = side(owned.rows);
  const products = side(owned.columns);
  const scratch = {
    gram: kernel.allocate(stride),
    residual: kernel.allocate(1),
    direction: kernel.allocate(1),
    image: kernel.allocate(1),
  };
  const listOf = (matrix: SparseRows, of: Side): Lists => {
    const { values, address } = kernel.allocateList(matrix.items.length);
    for (let entry = 0; entry < values.length; entry++) values[entry] = of.address + 8 * stride * matrix.items[entry];
    return { matrix, address };
  };
  const owning = listOf(owned, products);
  const owners = listOf(transpose(owned), users);
  const work: Work = { kernel, settings, ...scratch };
  for (let iteration = 0; iteration < iterations; iteration++) {
    const tell = (half: number) => (done: number) => checkpoint((iteration + (half + done) / 2) / iterations);
    solveSide(users, products, owning, work, tell(0));
    solveSide(products, users, owners, work, tell(1));
    onLoss?.(lossOf(owned, users, products, work));
  }
  return { users: unpadded(users, factors, stride), products: unpadded(products, factors, stride) };
}

interface Side {
  readonly rows: number;
  /** (rows × stride), zeros beyond the factors. */
  readonly values: Float64Array;
  readonly address: number;
}

/** For each row of one side the addresses of its rows of the other. */
interface Lists {
  readonly matrix: SparseRows;
  readonly address: number;
}

type Allocated = ReturnType<RowKernel['allocate']>;

interface Work {
  readonly kernel: RowKernel;
  readonly settings: AlsSettings;
  readonly gram: Allocated;
  readonly residual: Allocated;
  readonly direction: Allocated;
  readonly image: Allocated;
}

const unpadded = ({ rows, values }: Side, factors: number, stride: number): Float64Array => {
  const result = new Float64Array(rows * factors);
  for (let row = 0; row < rows; row++) result.set(values.subarray(row * stride, row * stride + factors), row * factors);
  return result;
};

/** YᵀY of rows of a width, (width × width). */
export function gramOf(rows: ArrayLike<number>, width: number): Float64Array {
  const gram = new Float64Array(width * width);
  for (let base = 0; base < rows.length; base += width) {
    for (let i = 0; i < width; i++) {
      const value = rows[base + i];
      for (let j = 0; j <= i; j++) gram[i * width + j] += value * rows[base + j];
    }
  }
  for (let i = 0; i < width; i++) for (let j = 0; j < i; j++) gram[j * width + i] = gram[i * width + j];
  return gram;
}

function lossOf(owned: SparseRows, users: Side, products: Side, { kernel, settings, gram, image }: Work): number {
  const { stride } = kernel;
  const { confidence, regularisation } = settings;
  gram.values.set(gramOf(products.values, stride));
  let loss = 0;
  for (let user = 0; user < users.rows; user++) {
    const base = user * stride;
    // All products as if not owned, and what is different for those that are.
    kernel.multiply(gram.address, users.address + 8 * base, image.address);
    loss += dot(image.values, 0, users.values, base, stride);
    for (let entry = owned.offsets[user]; entry < owned.offsets[user + 1]; entry++) {
      const score = dot(users.values, base, products.values, owned.items[entry] * stride, stride);
      loss += (1 + confidence) * (1 - score) ** 2 - score ** 2;
    }
  }
  const squares = (values: Float64Array) => dot(values, 0, values, 0, values.length);
  return loss + regularisation * (squares(users.values) + squares(products.values));
}

/** Improves each row of x, with y held: A = YᵀY + λ + confidence·Σ yyᵀ over what is owned, b = (1 + confidence)·Σ y. */
function solveSide(x: Side, y: Side, { matrix, address }: Lists, work: Work, checkpoint: Checkpoint): void {
  const { kernel, gram, residual, direction, image } = work;
  const { stride } = kernel;
  const { regularisation, confidence } = work.settings;
  gram.values.set(gramOf(y.values, stride));
  for (let i = 0; i < stride; i++) gram.values[i * stride + i] += regularisation;
  const [r, d, q] = [residual.values, direction.values, image.values];
  for (let row = 0; row < x.rows; row++) {
    const base = row * stride;
    const own = x.address + 8 * base;
    const list = address + 4 * matrix.offsets[row];
    const length = matrix.offsets[row + 1] - matrix.offsets[row];
    // Residual b − Ax.
    kernel.multiply(gram.address, own, residual.address);
    for (let i = 0; i < stride; i++) r[i] = -r[i];
    kernel.accumulate(list, length, own, residual.address, -confidence, 1 + confidence);
    d.set(r);
    let size = dot(r, 0, r, 0, stride);
    for (let step = 0; step < STEPS && size > 1e-20; step++) {
      kernel.multiply(gram.address, direction.address, image.address);
      kernel.accumulate(list, length, direction.address, image.address, confidence, 0);
      const distance = size / dot(d, 0, q, 0, stride);
      for (let i = 0; i < stride; i++) {
        x.values[base + i] += distance * d[i];
        r[i] -= distance * q[i];
      }
      const next = dot(r, 0, r, 0, stride);
      for (let i = 0; i < stride; i++) d[i] = r[i] + (next / size) * d[i];
      size = next;
    }
    if (row % 256 === 0) checkpoint(row / x.rows);
  }
}

function dot(a: Float64Array, from: number, b: Float64Array, start: number, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += a[from + i] * b[start + i];
  return sum;
}
