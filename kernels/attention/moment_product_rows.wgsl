// y[p,s] = G[p] r[p,s] for s < rows, else 0,   G[p] = factor Σ_{i<pairs} a[p,i] b[p,i]ᵀ + b[p,i] a[p,i]ᵀ
//
// One invocation per prompt p, which has G in registers: every number is loaded once.
const C: u32 = 4u;
struct Dims { P: u32, K: u32, S: u32, pairs: u32, rows: u32, factor: f32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> a: array<f32>;        // (P, K, C)
@group(0) @binding(2) var<storage, read> b: array<f32>;        // (P, K, C)
@group(0) @binding(3) var<storage, read> r: array<f32>;        // (P, S, C)
@group(0) @binding(4) var<storage, read_write> y: array<f32>;  // (P, S, C)

var<private> left: array<f32, C>;
var<private> right: array<f32, C>;
var<private> moment: array<f32, C * (C + 1u) / 2u>;  // G / factor, lower triangle, row k from k (k + 1) / 2

@compute @workgroup_size(32) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let p = group_index(group, groups) * 32u + lane;
  if (p >= dims.P) {
    return;
  }
  for (var i = 0u; i < dims.pairs; i++) {
    let first = (p * dims.K + i) * C;
    for (var c = 0u; c < C; c++) { // unroll
      left[c] = a[first + c];
      right[c] = b[first + c];
    }
    for (var c = 0u; c < C; c++) { // unroll
      for (var d = 0u; d <= c; d++) { // unroll
        moment[c * (c + 1u) / 2u + d] += left[c] * right[d] + right[c] * left[d];
      }
    }
  }
  for (var s = 0u; s < dims.S; s++) {
    let first = (p * dims.S + s) * C;
    let factor = select(0.0, dims.factor, s < dims.rows);
    for (var c = 0u; c < C; c++) { // unroll
      left[c] = r[first + c];
      right[c] = 0.0;
    }
    for (var c = 0u; c < C; c++) { // unroll
      right[c] += moment[c * (c + 1u) / 2u + c] * left[c];
      for (var d = 0u; d < c; d++) { // unroll
        right[c] += moment[c * (c + 1u) / 2u + d] * left[d];
        right[d] += moment[c * (c + 1u) / 2u + d] * left[c];
      }
    }
    for (var c = 0u; c < C; c++) { // unroll
      y[first + c] = factor * right[c];
    }
  }
}
