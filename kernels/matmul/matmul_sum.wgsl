// c[r,i] = Σ_p part[r,p,i] + bias[r,n]      the parts of a long sum, in order      one invocation per entry i = (m, n)
struct Dims { R: u32, P: u32, M: u32, N: u32, strideBias: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> part: array<f32>;     // (R, P, M, N)
@group(0) @binding(2) var<storage, read_write> c: array<f32>;  // (R, M, N)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let entry = group_index(group, groups) * 64u + lane;
  let size = dims.M * dims.N;
  if (entry >= dims.R * size) {
    return;
  }
  let replica = entry / size;
  let first = replica * dims.P * size + entry % size;
  var sum = 0.0;
  for (var p = 0u; p < dims.P; p++) {
    sum += part[first + p * size];
  }
  c[entry] = sum + bias_of(replica, entry % dims.N).x;
}
