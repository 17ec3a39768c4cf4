// squarings[b] = min(limit, max(0, ⌈log₂(2 ‖a[b]‖₁)⌉)),  scale[b] = 2^−squarings[b]      ‖a‖₁ = max_j Σ_i |a[i,j]|
//
// One workgroup per matrix: lanes stride over columns. The scaled matrix has a norm of at most ½.
struct Dims { B: u32, N: u32, limit: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> a: array<f32>;                 // (B, N, N)
@group(0) @binding(2) var<storage, read_write> squarings: array<u32>;   // (B)
@group(0) @binding(3) var<storage, read_write> scale: array<f32>;       // (B)

var<workgroup> largest: array<f32, 64>;

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let b = group_index(group, groups);
  var most = 0.0;
  if (b < dims.B) {
    for (var j = lane; j < dims.N; j += 64u) {
      var sum = 0.0;
      for (var i = 0u; i < dims.N; i += 8u) {
        for (var part = 0u; part < 8u; part++) { // unroll
          if (i + part < dims.N) {
            sum += abs(a[(b * dims.N + i + part) * dims.N + j]);
          }
        }
      }
      most = max(most, sum);
    }
  }
  largest[lane] = most;
  for (var width = 32u; width > 0u; width /= 2u) {
    workgroupBarrier();
    if (lane < width) {
      largest[lane] = max(largest[lane], largest[lane + width]);
    }
  }
  if (lane == 0u && b < dims.B) {
    var count = 0u;
    var norm = largest[0];
    while (norm > 0.5 && count < dims.limit) {
      norm *= 0.5;
      count++;
    }
    squarings[b] = count;
    scale[b] = bitcast<f32>((127u - count) << 23u);
  }
}
