// c[r,m,n] = Σ_k a[r,m,k] b[r,k,n] + bias[r,n]      one invocation per entry
//
// The clear version that the tiled ones are compared with. TRANSPOSE_A: a is stored as (K, M). TRANSPOSE_B: b is stored
// as (N, K). A long sum is made in `parts` of `chunk` steps each: R counts replicas × parts. A stride of 0 uses one
// matrix for every replica.
const TRANSPOSE_A: u32 = 0u;
const TRANSPOSE_B: u32 = 0u;
struct Dims { R: u32, M: u32, N: u32, K: u32, parts: u32, chunk: u32, strideA: u32, strideB: u32, strideBias: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> a: array<f32>;        // (A)
@group(0) @binding(2) var<storage, read> b: array<f32>;        // (B)
@group(0) @binding(3) var<storage, read_write> c: array<f32>;  // (R, M, N)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let entry = group_index(group, groups) * 64u + lane;
  if (entry >= dims.R * dims.M * dims.N) {
    return;
  }
  let replica = entry / (dims.M * dims.N) / dims.parts;
  let part = entry / (dims.M * dims.N) % dims.parts;
  let m = (entry / dims.N) % dims.M;
  let n = entry % dims.N;
  var sum = 0.0;
  let end = min((part + 1u) * dims.chunk, dims.K);
  for (var k = part * dims.chunk; k < end; k++) {
    let left = replica * dims.strideA + select(m * dims.K + k, k * dims.M + m, TRANSPOSE_A == 1u);
    let right = replica * dims.strideB + select(k * dims.N + n, n * dims.K + k, TRANSPOSE_B == 1u);
    sum += a[left] * b[right];
  }
  c[entry] = sum + bias_of(replica, n).x;
}
