// c[r,m,n] (+)= Σ_{k = start}^{end − 1} a[r,m,k] b[r,k,n]      one invocation per entry
//
// The clear version that the tiled ones are compared with. TRANSPOSE_A: a is stored as (K, M). TRANSPOSE_B: b is stored
// as (N, K). ADD: continue from the c of an earlier dispatch. A stride of 0 uses one matrix for every replica.
const TRANSPOSE_A: u32 = 0u;
const TRANSPOSE_B: u32 = 0u;
const ADD: u32 = 0u;
struct Dims { R: u32, M: u32, N: u32, K: u32, start: u32, end: u32, strideA: u32, strideB: u32 }
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
  let r = entry / (dims.M * dims.N);
  let m = (entry / dims.N) % dims.M;
  let n = entry % dims.N;
  var sum = 0.0;
  if (ADD == 1u) {
    sum = c[entry];
  }
  for (var k = dims.start; k < dims.end; k++) {
    let left = r * dims.strideA + select(m * dims.K + k, k * dims.M + m, TRANSPOSE_A == 1u);
    let right = r * dims.strideB + select(k * dims.N + n, n * dims.K + k, TRANSPOSE_B == 1u);
    sum += a[left] * b[right];
  }
  c[entry] = sum;
}
