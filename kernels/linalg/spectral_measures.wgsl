// rank[b,k] = exp(ln S − (1/S) Σ_{i≥k} t_i ln t_i),  t_i = s[b,i] / s[b,k],  S = Σ_{i≥k} t_i      0 where s[b,k] = 0
// norms[b]  = (Σ_i s_i,  s_0,  Σ_i s_i² / s_0²,  (Σ_i s_i²)² / Σ_i s_i⁴)
//
// One invocation per (b, k); that of k = 0 fills norms too. Singular values are sorted from the largest.
struct Dims { B: u32, N: u32, K: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> s: array<f32>;             // (B, N)
@group(0) @binding(2) var<storage, read_write> rank: array<f32>;    // (B, K)
@group(0) @binding(3) var<storage, read_write> norms: array<f32>;   // (B, 4)

// ln x for normal x > 0, to 1e-7 (Cephes, logf); the built-in one is good to 6e-5 only on software drivers.
fn ln(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  var exponent = i32(bits >> 23u) - 126;
  var z = bitcast<f32>((bits & 0x007fffffu) | 0x3f000000u);
  let low = z < 0.70710678;
  exponent -= select(0, 1, low);
  z = select(z, z + z, low) - 1.0;
  let zz = z * z;
  var y = 0.070376836292 * z - 0.11514610310;
  y = y * z + 0.11676998740;
  y = y * z - 0.12420140846;
  y = y * z + 0.14249322787;
  y = y * z - 0.16668057665;
  y = y * z + 0.20000714765;
  y = y * z - 0.24999993993;
  y = y * z + 0.33333331174;
  return z + (y * z * zz - 0.5 * zz) + f32(exponent) * 0.69314718056;
}

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let index = group_index(group, groups) * 64u + lane;
  if (index >= dims.B * dims.K) {
    return;
  }
  let b = index / dims.K;
  let k = index % dims.K;
  let largest = s[b * dims.N + k];
  var sum = 0.0;
  var logs = 0.0;
  var squares = 0.0;
  var fourths = 0.0;
  for (var i = k; i < dims.N; i++) {
    let t = s[b * dims.N + i] / select(1.0, largest, largest > 0.0);
    sum += t;
    // t ln t vanishes with t.
    logs += t * ln(max(t, 1e-30));
    squares += t * t;
    fourths += t * t * t * t;
  }
  let present = largest > 0.0;
  rank[index] = select(0.0, exp(ln(max(sum, 1.0)) - logs / max(sum, 1.0)), present);
  if (k == 0u) {
    norms[4u * b] = sum * largest;
    norms[4u * b + 1u] = largest;
    norms[4u * b + 2u] = select(0.0, squares, present);
    norms[4u * b + 3u] = select(0.0, squares * squares / max(fourths, 1.0), present);
  }
}
