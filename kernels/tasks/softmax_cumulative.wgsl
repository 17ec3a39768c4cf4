// p[m,i] ← e^p[m,i] / Σ_j e^p[m,j],   c[m,i] = Σ_{j ≤ i} p[m,j],  the last of them exactly 1
//
// One invocation per row.
struct Dims { M: u32, V: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read_write> p: array<f32>;      // (M, V)
@group(0) @binding(2) var<storage, read_write> c: array<f32>;      // (M, V)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let row = group_index(group, groups) * 64u + lane;
  if (row >= dims.M) {
    return;
  }
  let first = row * dims.V;
  var largest = p[first];
  for (var i = 1u; i < dims.V; i++) {
    largest = max(largest, p[first + i]);
  }
  var sum = 0.0;
  for (var i = 0u; i < dims.V; i++) {
    sum += exp(p[first + i] - largest);
    c[first + i] = sum;
  }
  for (var i = 0u; i < dims.V; i++) {
    p[first + i] = exp(p[first + i] - largest) / sum;
    c[first + i] = select(c[first + i] / sum, 1.0, i + 1u == dims.V);
  }
}
