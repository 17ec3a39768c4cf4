// norm[r] = √(Σ_k partial[r,k])
//
// One workgroup per replica: lanes stride over the partial sums, then fold pairwise.
struct Dims { R: u32, K: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> partial: array<f32>;      // (R, K)
@group(0) @binding(2) var<storage, read_write> norm: array<f32>;   // (R)

var<workgroup> sums: array<f32, 64>;

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let index = group_index(group, groups);
  let r = min(index, dims.R - 1u);
  var total = 0.0;
  for (var k = lane; k < dims.K; k += 64u) {
    total += partial[r * dims.K + k];
  }
  sums[lane] = total;
  workgroupBarrier();
  for (var width = 32u; width > 0u; width /= 2u) {
    if (lane < width) {
      sums[lane] += sums[lane + width];
    }
    workgroupBarrier();
  }
  if (lane == 0u && index < dims.R) {
    norm[r] = sqrt(sums[0]);
  }
}
