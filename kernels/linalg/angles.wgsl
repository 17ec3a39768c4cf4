// angle[b,k] = atan2(sine[b,K−1−k], cosine[b,k])      cosines and sines both sorted from the largest; radians, 0 to π/2
//
// One invocation per angle. The built-in arc functions are good to three digits only on software drivers.
struct Dims { B: u32, K: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> cosine: array<f32>;        // (B, K)
@group(0) @binding(2) var<storage, read> sine: array<f32>;          // (B, K)
@group(0) @binding(3) var<storage, read_write> angle: array<f32>;   // (B, K)

// atan x for |x| ≤ tan(π/8), to 1e-7 (Cephes, atanf)
fn arc(x: f32) -> f32 {
  let z = x * x;
  let tail = ((0.0805374449538 * z - 0.138776856032) * z + 0.199777106478) * z - 0.333329491539;
  return x + x * z * tail;
}

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let index = group_index(group, groups) * 64u + lane;
  if (index >= dims.B * dims.K) {
    return;
  }
  let k = index % dims.K;
  let c = cosine[index];
  let s = sine[index - k + dims.K - 1u - k];
  var value = 0.78539816 + arc((s - c) / max(s + c, 1e-30));
  if (s < 0.41421356 * c) {
    value = arc(s / max(c, 1e-30));
  } else if (c < 0.41421356 * s) {
    value = 1.57079633 - arc(c / max(s, 1e-30));
  }
  angle[index] = value;
}
