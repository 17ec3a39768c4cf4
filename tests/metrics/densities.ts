/** Free energies of densities that are known, by quadrature: what learning coefficients are at finite nβ. */

/** −d ln Z / d ln s of Z(s) = ∫ density(x, s) dx: what the estimator means at finite nβ = s. */
export function exact(z: (s: number) => number, s: number): number {
  const h = 1e-3;
  return -(Math.log(z(s * Math.exp(h))) - Math.log(z(s * Math.exp(-h)))) / (2 * h);
}

/** ∫_0^∞ by the midpoint rule in ln x. */
export function integral(f: (x: number) => number, from = -30, to = 6, count = 1500): number {
  const h = (to - from) / count;
  let total = 0;
  for (let k = 0; k < count; k++) {
    const x = Math.exp(from + (k + 0.5) * h);
    total += f(x) * x * h;
  }
  return total;
}

export const quartic = (s: number) => integral((w) => Math.exp(-s * w ** 4 - w * w / 2));
export const product = (s: number) => integral((w) => Math.exp(-w * w / 2) / Math.sqrt(1 + 2 * s * w * w));

/** y = B A x at zero: B is integrated exactly, A through the eigenvalues of A Aᵀ, H = 2 of them (Wishart). */
export const reducedRank = (M: number, N: number) => (s: number) =>
  integral(
    (a) =>
      integral(
        (b) =>
          Math.abs(a - b) * (a * b) ** ((M - 3) / 2) * Math.exp(-(a + b) / 2) * ((1 + s * a) * (1 + s * b)) ** (-N / 2),
        -34,
        5,
        250,
      ),
    -34,
    5,
    250,
  );
