/** Points between 0 and 1 and their weights. */
export interface Quadrature {
  readonly at: Float64Array;
  readonly weights: Float64Array;
}

const known = new Map<number, Quadrature>();

/** The rule of Gauss and Legendre: integrals from 0 to 1, exact for polynomials up to degree 2 · points − 1. */
export function gaussLegendre(points: number): Quadrature {
  let rule = known.get(points);
  if (!rule) {
    rule = solve(points);
    known.set(points, rule);
  }
  return rule;
}

/** Roots of the Legendre polynomial by Newton's method from the usual first guess. */
function solve(points: number): Quadrature {
  const at = new Float64Array(points);
  const weights = new Float64Array(points);
  for (let point = 0; point < points; point++) {
    let x = Math.cos((Math.PI * (point + 0.75)) / (points + 0.5));
    let slope = 1;
    for (let step = 0; step < 50; step++) {
      let before = 1;
      let value = x;
      for (let degree = 2; degree <= points; degree++) {
        const next = ((2 * degree - 1) * x * value - (degree - 1) * before) / degree;
        before = value;
        value = next;
      }
      slope = (points * (x * value - before)) / (x * x - 1);
      x -= value / slope;
      if (Math.abs(value / slope) < 1e-15) break;
    }
    at[point] = (1 + x) / 2;
    weights[point] = 1 / ((1 - x * x) * slope * slope);
  }
  return { at, weights };
}
