/** Labels, or other numbers of users, where several worker threads read one copy. */
export function sharedLabels(labels: Float32Array): Float32Array {
  if (labels.buffer instanceof SharedArrayBuffer) return labels;
  const copy = new Float32Array(new SharedArrayBuffer(labels.length * 4));
  copy.set(labels);
  return copy;
}
