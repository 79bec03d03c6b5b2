/**
 * target += the sum of some rows of a table, (rows × width), from offset on. Four rows at a time: each value of the target is loaded and
 * stored a quarter as often.
 */
export function addRows(
  table: Float32Array,
  width: number,
  rows: Int32Array,
  target: Float64Array,
  offset: number,
): void {
  let next = 0;
  for (; next + 3 < rows.length; next += 4) {
    const [a, b, c, d] = [rows[next] * width, rows[next + 1] * width, rows[next + 2] * width, rows[next + 3] * width];
    for (let i = 0; i < width; i++) target[offset + i] += table[a + i] + table[b + i] + (table[c + i] + table[d + i]);
  }
  for (; next < rows.length; next++) {
    const base = rows[next] * width;
    for (let i = 0; i < width; i++) target[offset + i] += table[base + i];
  }
}
