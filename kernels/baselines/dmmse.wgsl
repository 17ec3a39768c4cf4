// Posterior over a pool of tasks t, in part: for the tasks m of chunk c and the last P positions n,
//   ℓ_m = −1/(2σ²) Σ_{j<n} (y_j − t_m·x_j)²      part[r,b,c,n] = (a, Σ_m e^{ℓ_m − a}, Σ_m e^{ℓ_m − a} t_m·x_n),   a = max_m ℓ_m
//
// One invocation per prompt and chunk. TILE tasks at a time are held in registers and carried through the prompt, whose
// inputs are so loaded once for all of them; the sums are rescaled when a larger ℓ turns up. A chunk beyond a replica's
// pool has sum 0.
const D: u32 = 4u;
const TILE: u32 = 8u;
const CHUNK: u32 = 512u;
// A weight below e⁻⁸⁰ of the largest is none; without the bound, exp would be asked for denormal numbers.
const FLOOR: f32 = -80.0;
const NEVER: f32 = -3e38;
struct Dims { R: u32, B: u32, N: u32, M: u32, C: u32, P: u32, U: u32, L: u32, Z: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;           // (R, B, N, D)
@group(0) @binding(2) var<storage, read> y: array<f32>;           // (R, B, N)
@group(0) @binding(3) var<storage, read> pool: array<f32>;        // (U, M, D)
@group(0) @binding(4) var<storage, read> tasks: array<u32>;       // (Z)
@group(0) @binding(5) var<storage, read> sigma: array<f32>;       // (L)
@group(0) @binding(6) var<storage, read_write> part: array<f32>;  // (R, B, C, P, 3)

@compute @workgroup_size(32) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let entry = group_index(group, groups) * 32u + lane;
  if (entry >= dims.R * dims.B * dims.C) {
    return;
  }
  let prompt = entry / dims.C;
  let r = prompt / dims.B;
  let first = entry % dims.C * CHUNK;
  let end = min(first + CHUNK, min(tasks[min(r, dims.Z - 1u)], dims.M));
  let deviation = sigma[min(r, dims.L - 1u)];
  let inverse = 0.5 / (deviation * deviation);
  let start = entry * dims.P * 3u;
  for (var p = 0u; p < dims.P; p++) {
    part[start + p * 3u] = NEVER;
    part[start + p * 3u + 1u] = 0.0;
    part[start + p * 3u + 2u] = 0.0;
  }
  for (var m = first; m < end; m += TILE) {
    var task: array<f32, TILE * D>;
    var likelihood: array<f32, TILE>;
    for (var t = 0u; t < TILE; t++) { // unroll
      // Beyond the pool, its last task counts zero times.
      let at = (min(r, dims.U - 1u) * dims.M + min(m + t, end - 1u)) * D;
      likelihood[t] = 0.0;
      for (var i = 0u; i < D; i++) { // unroll
        task[t * D + i] = pool[at + i];
      }
    }
    for (var n = 0u; n < dims.N; n++) {
      let pair = prompt * dims.N + n;
      var guess: array<f32, TILE>;
      for (var t = 0u; t < TILE; t++) { // unroll
        guess[t] = 0.0;
      }
      for (var i = 0u; i < D; i++) { // unroll
        let value = x[pair * D + i];
        for (var t = 0u; t < TILE; t++) { // unroll
          guess[t] += value * task[t * D + i];
        }
      }
      if (n + dims.P >= dims.N) {
        let at = start + (n + dims.P - dims.N) * 3u;
        let before = part[at];
        var top = before;
        for (var t = 0u; t < TILE; t++) { // unroll
          top = max(top, likelihood[t]);
        }
        let rescale = exp(max(before - top, FLOOR));
        var total = part[at + 1u] * rescale;
        var sum = part[at + 2u] * rescale;
        for (var t = 0u; t < TILE; t++) { // unroll
          let gap = likelihood[t] - top;
          let share = select(0.0, exp(max(gap, FLOOR)), gap > FLOOR && m + t < end);
          total += share;
          sum += share * guess[t];
        }
        part[at] = top;
        part[at + 1u] = total;
        part[at + 2u] = sum;
      }
      let label = y[pair];
      for (var t = 0u; t < TILE; t++) { // unroll
        let error = label - guess[t];
        likelihood[t] -= inverse * error * error;
      }
    }
  }
}
