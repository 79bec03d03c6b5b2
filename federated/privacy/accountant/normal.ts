const { abs, exp, log } = Math;
/**
 * The normal distribution, to full relative precision in both tails.
 * Coefficients: FreeBSD msun s_erf.c (Sun Microsystems, 1993; freely distributable), error below one unit in the last place.
 */
const SMALL_P = [
  0.12837916709551256, -0.3250421072470015, -0.02848174957559851, -0.005770270296489442, -0.000023763016656650163,
];
const SMALL_Q = [
  1, 0.39791722395915535, 0.0650222499887673, 0.005081306281875766, 0.00013249473800432164, -0.000003960228278775368,
];
const MIDDLE_P = [
  -0.0023621185607526594, 0.41485611868374833, -0.3722078760357013, 0.31834661990116175, -0.11089469428239668,
  0.035478304325618236, -0.002166375594868791,
];
const MIDDLE_Q = [
  1, 0.10642088040084423, 0.540397917702171, 0.07182865441419627, 0.12617121980876164, 0.01363708391202905,
  0.011984499846799107,
];
const LARGE_P = [
  -0.009864944034847148, -0.6938585727071818, -10.558626225323291, -62.375332450326006, -162.39666946257347,
  -184.60509290671104, -81.2874355063066, -9.814329344169145,
];
const LARGE_Q = [
  1, 19.651271667439257, 137.65775414351904, 434.56587747522923, 645.3872717332679, 429.00814002756783,
  108.63500554177944, 6.570249770319282, -0.0604244152148581,
];
const HUGE_P = [
  -0.0098649429247001, -0.799283237680523, -17.757954917754752, -160.63638485582192, -637.5664433683896,
  -1025.0951316110772, -483.5191916086514,
];
const HUGE_Q = [
  1, 30.33806074348246, 325.7925129965739, 1536.729586084437, 3199.8582195085955, 2553.0504064331644,
  474.52854120695537, -22.44095244658582,
];
const ERX = 0.8450629115104675;

function polynomial(coefficients: readonly number[], x: number): number {
  let value = 0;
  for (let i = coefficients.length - 1; i >= 0; i--) value = value * x + coefficients[i];
  return value;
}

const float32 = new Float32Array(1);

/** exp(x²) · erfc(x) is smooth: this returns its logarithm without the −x² for x ≥ 1.25. */
function tailRatio(x: number): number {
  const s = 1 / (x * x);
  return x < 1 / 0.35 ? polynomial(LARGE_P, s) / polynomial(LARGE_Q, s) : polynomial(HUGE_P, s) / polynomial(HUGE_Q, s);
}

/** The complementary error function. */
export function erfc(x: number): number {
  const a = abs(x);
  if (a < 0.84375) {
    const y = polynomial(SMALL_P, x * x) / polynomial(SMALL_Q, x * x);
    return x < 0.25 ? 1 - (x + x * y) : 0.5 - (x - 0.5 + x * y);
  }
  if (a < 1.25) {
    const ratio = polynomial(MIDDLE_P, a - 1) / polynomial(MIDDLE_Q, a - 1);
    return x >= 0 ? 1 - ERX - ratio : 1 + ERX + ratio;
  }
  if (a > 28) return x > 0 ? 0 : 2;
  // x² is taken in two parts, so that exp loses no digits.
  float32[0] = a;
  const z = float32[0];
  const tail = (exp(-z * z - 0.5625) * exp((z - a) * (z + a) + tailRatio(a))) / a;
  return x > 0 ? tail : 2 - tail;
}

/** P(Z ≤ x) for a standard normal Z. */
export const normalCdf = (x: number): number => 0.5 * erfc(-x * Math.SQRT1_2);

/** ln P(Z ≤ x), also where the probability itself is too small for a number. */
export function normalLogCdf(x: number): number {
  if (x > -5) return log(normalCdf(x));
  const a = -x * Math.SQRT1_2;
  return -a * a - 0.5625 + tailRatio(a) - log(2 * a);
}

/** P(a < Z ≤ b), without cancellation in the upper tail. */
export const normalMass = (a: number, b: number): number =>
  a > 0 ? normalCdf(-a) - normalCdf(-b) : normalCdf(b) - normalCdf(a);
