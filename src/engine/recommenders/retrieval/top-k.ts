import type { Neighbour } from '../recommender.js';

/** Keeps the k best of what it is offered; of equal values those of the lower index. */
export interface TopK {
  /** @returns the least value that is kept, once there are k: nothing below it can come in */
  offer(index: number, value: number): number;
  /** Best first; empties the selection. */
  take(): Neighbour[];
}

/** A heap of k places with the worst on top: k log k, and one comparison for most of what is offered. */
export function createTopK(k: number): TopK {
  // Room grows with what is kept: there may be one selection for each of many products.
  let indices = new Int32Array(Math.min(k, 16));
  let values = new Float64Array(indices.length);
  let size = 0;
  const grow = () => {
    const [old, kept] = [indices, values];
    indices = new Int32Array(Math.min(k, 2 * size));
    values = new Float64Array(indices.length);
    indices.set(old);
    values.set(kept);
  };
  const worse = (a: number, b: number) => values[a] < values[b] || (values[a] === values[b] && indices[a] > indices[b]);
  const swap = (a: number, b: number) => {
    const [index, value] = [indices[a], values[a]];
    indices[a] = indices[b];
    values[a] = values[b];
    indices[b] = index;
    values[b] = value;
  };
  const up = (start: number) => {
    for (let place = start; place > 0; ) {
      const parent = (place - 1) >> 1;
      if (!worse(place, parent)) return;
      swap(place, parent);
      place = parent;
    }
  };
  const down = () => {
    for (let place = 0; ; ) {
      let child = 2 * place + 1;
      if (child >= size) return;
      if (child + 1 < size && worse(child + 1, child)) child++;
      if (!worse(child, place)) return;
      swap(child, place);
      place = child;
    }
  };
  const least = () => (size < k ? Number.NEGATIVE_INFINITY : values[0]);
  return {
    offer(index, value) {
      if (k === 0) return Number.POSITIVE_INFINITY;
      if (Number.isNaN(value)) return least();
      if (size < k) {
        if (size === indices.length) grow();
        indices[size] = index;
        values[size] = value;
        up(size++);
      } else if (value > values[0] || (value === values[0] && index < indices[0])) {
        indices[0] = index;
        values[0] = value;
        down();
      }
      return least();
    },
    take() {
      const best: Neighbour[] = [];
      while (size > 0) {
        best.push({ index: indices[0], similarity: values[0] });
        swap(0, --size);
        down();
      }
      return best.reverse();
    },
  };
}

/** The k highest of some values, best first; of equal ones those of the lower index. @param isCandidate default: all */
export function topK(
  values: ArrayLike<number>,
  k: number,
  isCandidate: (index: number) => boolean = () => true,
): Neighbour[] {
  const selection = createTopK(Math.min(k, values.length));
  let least = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < values.length; index++) {
    if (values[index] >= least && isCandidate(index)) least = selection.offer(index, values[index]);
  }
  return selection.take();
}

/**
 * The value at which the weights of the highest values reach k: those above it weigh less than k together, with those equal to it at
 * least k. The order of both arrays is lost. Expected linear time. @param k above 0, at most the sum of the weights
 */
export function thresholdAt(values: Float64Array, weights: Float64Array, k: number): number {
  let from = 0;
  let to = values.length;
  let wanted = k;
  const swap = (a: number, b: number) => {
    const [value, weight] = [values[a], weights[a]];
    values[a] = values[b];
    weights[a] = weights[b];
    values[b] = value;
    weights[b] = weight;
  };
  for (;;) {
    const pivot = values[(from + to) >> 1];
    // Higher ones to the front, lower ones to the end.
    let high = from;
    let low = to;
    let above = 0;
    let equal = 0;
    for (let place = from; place < low; ) {
      if (values[place] > pivot) {
        above += weights[place];
        swap(high++, place++);
      } else if (values[place] < pivot) swap(place, --low);
      else equal += weights[place++];
    }
    if (above >= wanted) to = high;
    else if (above + equal >= wanted || low === to) return pivot;
    else {
      wanted -= above + equal;
      from = low;
    }
  }
}
