const { exp, log, log1p } = Math;

/**
 * Bends scores so that a softmax over them can be calibrated: log(softplus(score / bend)), which is strictly increasing, a line well
 * below 0 and a logarithm well above `bend`. A product that twice as many neighbours own is then twice as likely, not e times for each
 * neighbour more. With bend 0 scores stay as they are. In place.
 */
export function bendScores(scores: Float64Array, bend: number): void {
  if (bend === 0) return;
  for (let place = 0; place < scores.length; place++) {
    const x = scores[place] / bend;
    // Where softplus leaves the range of doubles it is e^x, and its logarithm x.
    scores[place] = x > 30 ? log(x) : x < -30 ? x : log(log1p(exp(x)));
  }
}
