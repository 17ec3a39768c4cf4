// y[o,p,i] = Σ_m x[o,m,i] (MAX: max_m)      over the m of part p: m = span·p … span·p + span − 1
//
// One invocation per element of y. A long axis is summed in parts, whose sums are summed again.
const MAX: u32 = 0u;
struct Dims { O: u32, M: u32, I: u32, P: u32, span: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<Element>;        // (O, M, I)
@group(0) @binding(2) var<storage, read_write> y: array<Element>;  // (O, P, I)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let columns = dims.I / WIDTH;
  let entry = group_index(group, groups) * 64u + lane;
  if (entry >= dims.O * dims.P * columns) {
    return;
  }
  let row = entry / columns;
  let i = entry - row * columns;
  let o = row / dims.P;
  let first = (row - o * dims.P) * dims.span;
  let end = min(first + dims.span, dims.M);
  var result = x[(o * dims.M + first) * columns + i];
  for (var m = first + 1u; m < end; m++) {
    let value = x[(o * dims.M + m) * columns + i];
    if (MAX == 1u) {
      result = larger(result, value);
    } else {
      result += value;
    }
  }
  y[entry] = result;
}
