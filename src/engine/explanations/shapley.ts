/** A probability as log-odds; kept finite where float32 has rounded it to 0 or 1. */
export function logOdds(probability: number): number {
  const inside = Math.min(1 - 1e-7, Math.max(1e-12, probability));
  return Math.log(inside / (1 - inside));
}
