// mean[b,f] = x[b,0,f] + (1/S) Σ_s (x[b,s,f] − x[b,0,f])
//
// One invocation per column, with sixteen sums. Measured from the first row, a large common offset costs no digits.
struct Dims { B: u32, S: u32, F: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;            // (B, S, F)
@group(0) @binding(2) var<storage, read_write> mean: array<f32>;   // (B, F)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let index = group_index(group, groups) * 64u + lane;
  if (index >= dims.B * dims.F) {
    return;
  }
  let first = index / dims.F * dims.S * dims.F + index % dims.F;
  let origin = x[first];
  var sums = array<f32, 16>();
  for (var s = 0u; s < dims.S; s += 16u) {
    for (var i = 0u; i < 16u; i++) { // unroll
      if (s + i < dims.S) {
        sums[i] += x[first + (s + i) * dims.F] - origin;
      }
    }
  }
  var sum = 0.0;
  for (var i = 0u; i < 16u; i++) { // unroll
    sum += sums[i];
  }
  mean[index] = origin + sum / f32(dims.S);
}
