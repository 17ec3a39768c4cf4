// z[r,b] = (v + s_r ξ) / |v + s_r ξ|,  v = centre[r, choice[r,b,0] mod K],  ξ_d independent
//
// law[r] = 1: ξ_d ~ N(0, 1);  2: density ½ e^−|ξ|;  0: z[r] is left as it is. One invocation per sample.
struct Dims { R: u32, B: u32, K: u32, D: u32, key: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> seeds: array<u32>;         // (R)
@group(0) @binding(2) var<storage, read> clock: array<u32>;         // (3)
@group(0) @binding(3) var<storage, read> law: array<u32>;           // (R)
@group(0) @binding(4) var<storage, read> spread: array<f32>;        // (R)
@group(0) @binding(5) var<storage, read> centre: array<f32>;        // (R, K, D)
@group(0) @binding(6) var<storage, read> choice: array<u32>;        // (R, B, 1)
@group(0) @binding(7) var<storage, read_write> z: array<f32>;       // (R, B, D)

// The magnitude −ln u takes the upper 31 bits, the sign the last one.
fn laplaces_from(bits: vec4u) -> vec4f {
  let sizes = -vec4f(log_unit(uniform_from(bits.x)), log_unit(uniform_from(bits.y)), log_unit(uniform_from(bits.z)),
      log_unit(uniform_from(bits.w)));
  return select(sizes, -sizes, (bits & vec4u(1u)) == vec4u(1u));
}

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let sample = group_index(group, groups) * 64u + lane;
  if (sample >= dims.R * dims.B) {
    return;
  }
  let r = sample / dims.B;
  if (law[r] == 0u) {
    return;
  }
  let v = (r * dims.K + choice[sample] % dims.K) * dims.D;
  let first = sample * dims.D;
  var square = 0.0;
  for (var d = 0u; d < dims.D; d++) {
    let bits = random_bits(seeds[r], dims.key, clock[0], sample % dims.B, d / 4u);
    var noise = 0.0;
    if (law[r] == 1u) {
      noise = normals_from(bits)[d % 4u];
    } else {
      noise = laplaces_from(bits)[d % 4u];
    }
    let value = centre[v + d] + spread[r] * noise;
    z[first + d] = value;
    square += value * value;
  }
  let inverse = 1.0 / sqrt(square);
  for (var d = 0u; d < dims.D; d++) {
    z[first + d] *= inverse;
  }
}
