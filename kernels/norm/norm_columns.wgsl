// dgain[r,p,c] = Σ_m dy[r,m,c] x̂[r,m,c],   dbias[r,p,c] = Σ_m dy[r,m,c]      over the m of part p; x̂ = (x − μ) s
//
// One invocation per part and element of a row. BY_ROW: μ and s belong to rows (layer norm), else to columns (batch norm).
const BY_ROW: u32 = 1u;
struct Dims { R: u32, M: u32, C: u32, P: u32, span: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<Element>;            // (R, M, C)
@group(0) @binding(2) var<storage, read> mu: array<Statistic>;         // (A)
@group(0) @binding(3) var<storage, read> factor: array<Statistic>;     // (A)
@group(0) @binding(4) var<storage, read> dy: array<Element>;           // (R, M, C)
@group(0) @binding(5) var<storage, read_write> dgain: array<Element>;  // (R, P, C)
@group(0) @binding(6) var<storage, read_write> dbias: array<Element>;  // (R, P, C)

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
  var product = Element();
  var sum = Element();
  // Those of a column are loaded once.
  let column = select(r * columns + c, 0u, BY_ROW == 1u);
  var centre = Element(mu[column]);
  var scale = Element(factor[column]);
  for (var m = first; m < end; m++) {
    let row = r * dims.M + m;
    if (BY_ROW == 1u) {
      centre = Element(mu[row]);
      scale = Element(factor[row]);
    }
    let d = dy[row * columns + c];
    sum += d;
    product += d * ((x[row * columns + c] - centre) * scale);
  }
  dgain[entry] = product;
  dbias[entry] = sum;
}
