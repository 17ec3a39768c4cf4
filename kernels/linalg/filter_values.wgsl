// y[b,i,j] = x[b,i,j] f(s[b,k]),  k = j or with ROWS k = i      f(s) = 1/s above cutoff · max_k s[b,k], else 0; or s / (s² + ridge)
//
// One invocation per entry. The ridge applies where it is positive; s is sorted from the largest.
const ROWS: u32 = 0u;
struct Dims { B: u32, I: u32, J: u32, K: u32, cutoff: f32, ridge: f32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;         // (B, I, J)
@group(0) @binding(2) var<storage, read> s: array<f32>;         // (B, K)
@group(0) @binding(3) var<storage, read_write> y: array<f32>;   // (B, I, J)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let index = group_index(group, groups) * 64u + lane;
  if (index >= dims.B * dims.I * dims.J) {
    return;
  }
  let b = index / (dims.I * dims.J);
  let value = s[b * dims.K + select(index % dims.J, index / dims.J % dims.I, ROWS == 1u)];
  var factor = 0.0;
  if (dims.ridge > 0.0) {
    // Neither square is taken: both may leave the range of f32.
    let root = sqrt(dims.ridge);
    let ratio = min(value, root) / max(value, root);
    factor = select(ratio / root, 1.0 / max(value, root), value >= root) / (1.0 + ratio * ratio);
  } else if (value > dims.cutoff * s[b * dims.K]) {
    factor = 1.0 / value;
  }
  y[index] = x[index] * factor;
}
