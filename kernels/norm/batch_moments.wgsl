// means[r,p,c] = 1/n Σ_m x[r,m,c],   squares[r,p,c] = Σ_m (x[r,m,c] − means[r,p,c])²      over the n rows m of part p
//
// One invocation per part and element of a row.
struct Dims { R: u32, M: u32, C: u32, P: u32, span: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<Element>;              // (R, M, C)
@group(0) @binding(2) var<storage, read_write> means: array<Element>;    // (R, P, C)
@group(0) @binding(3) var<storage, read_write> squares: array<Element>;  // (R, P, C)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let columns = dims.C / WIDTH;
  let entry = group_index(group, groups) * 64u + lane;
  if (entry >= dims.R * dims.P * columns) {
    return;
  }
  let part = entry / columns;
  let c = entry - part * columns;
  let r = part / dims.P;
  let first = (part - r * dims.P) * dims.span;
  let end = min(first + dims.span, dims.M);
  var sum = Element();
  for (var m = first; m < end; m++) {
    sum += x[(r * dims.M + m) * columns + c];
  }
  let mean = sum / f32(end - first);
  var square = Element();
  for (var m = first; m < end; m++) {
    let d = x[(r * dims.M + m) * columns + c] - mean;
    square += d * d;
  }
  means[entry] = mean;
  squares[entry] = square;
}
