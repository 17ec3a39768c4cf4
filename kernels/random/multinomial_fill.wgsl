// counts[r,i,·] ~ Multinomial(N_r, p_r)   draw (seed_r, key, step, item i)
//
// One invocation per item: category k < K − 1 takes a binomial part of the tokens that are left, x_k ~ Bin(n, q_k), the last one the
// rest. x_k is the smallest x with u_k ≤ F(x), u_k being number k of the draw: the search begins at the mode m = ⌊(n + 1) q⌋, whose
// probability f(m) and F(m) are in the table, and goes up or down by f(x + 1)/f(x) = odds (n − x)/(x + 1). Rounding of F must not
// lead it into a tail: it ends where counts are of no probability.
const SMALLEST: f32 = 1e-9;
struct Dims { R: u32, I: u32, K: u32, L: u32, S: u32, key: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> seeds: array<u32>;           // (R)
@group(0) @binding(2) var<storage, read> clock: array<u32>;           // (3)
@group(0) @binding(3) var<storage, read> trials: array<u32>;          // (R)
@group(0) @binding(4) var<storage, read> share: array<f32>;           // (R, L): q, L = K − 1
@group(0) @binding(5) var<storage, read> mode: array<vec2f>;          // (R, L, S, 2): f(m) and F(m) by n, S > N
@group(0) @binding(6) var<storage, read_write> counts: array<f32>;    // (R, I, K)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let item = group_index(group, groups) * 64u + lane;
  if (item >= dims.R * dims.I) {
    return;
  }
  let r = item / dims.I;
  var left = trials[r];
  var bits = vec4u();
  for (var k = 0u; k < dims.L; k++) {
    if (k % 4u == 0u) {
      bits = random_bits(seeds[r], dims.key, clock[0], item % dims.I, k / 4u);
    }
    let u = uniform_from(bits[k % 4u]);
    let q = share[r * dims.L + k];
    let n = f32(left);
    var x = min(floor((n + 1.0) * q), n);
    let start = mode[(r * dims.L + k) * dims.S + left];
    var f = start.x;
    var F = start.y;
    let odds = q / (1.0 - q);
    if (u > F) {
      while (u > F && x < n && f > SMALLEST) {
        f *= odds * (n - x) / (x + 1.0);
        x += 1.0;
        F += f;
      }
    } else {
      while (x > 0.0 && u <= F - f && f > SMALLEST) {
        F -= f;
        f *= x / (odds * (n - x + 1.0));
        x -= 1.0;
      }
    }
    counts[item * dims.K + k] = x;
    left -= u32(x);
  }
  counts[item * dims.K + dims.L] = f32(left);
}
