// ring[step mod K, r] = 1/B Σ_b x[r,b]
//
// One workgroup per replica; lanes stride over the batch, then fold pairwise.
struct Dims { R: u32, B: u32, K: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;            // (R, B)
@group(0) @binding(2) var<storage, read> clock: array<u32>;        // (3)
@group(0) @binding(3) var<storage, read_write> ring: array<f32>;   // (K, R)

var<workgroup> partial: array<f32, 64>;

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let index = group_index(group, groups);
  let r = min(index, dims.R - 1u);
  var sum = 0.0;
  for (var b = lane; b < dims.B; b += 64u) {
    sum += x[r * dims.B + b];
  }
  partial[lane] = sum;
  workgroupBarrier();
  for (var width = 32u; width > 0u; width /= 2u) {
    if (lane < width) {
      partial[lane] += partial[lane + width];
    }
    workgroupBarrier();
  }
  if (lane == 0u && index < dims.R) {
    ring[(clock[0] % dims.K) * dims.R + r] = partial[0] / f32(dims.B);
  }
}
