// dtable[r,v,c] = Σ_j dy[r, order[s,j], c]      over j = starts[s,v] … starts[s,v+1] − 1; s = r, or 0 for shared tokens
//
// SLICES invocations per element of dtable take every SLICES-th position, then their sums are added in order. The order
// of summation depends on the tokens alone.
const PASSES: u32 = 2u;
const SLICES: u32 = 8u;
const ITEMS: u32 = 64u / SLICES;
struct Dims { S: u32, N: u32, V1: u32, R: u32, V: u32, C: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> order: array<u32>;             // (S, 2, N)
@group(0) @binding(2) var<storage, read> starts: array<u32>;            // (S, V1)
@group(0) @binding(3) var<storage, read> dy: array<Element>;            // (R, N, C)
@group(0) @binding(4) var<storage, read_write> dtable: array<Element>;  // (R, V, C)

var<workgroup> parts: array<Element, 64>;  // (SLICES, ITEMS)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let columns = dims.C / WIDTH;
  let entry = group_index(group, groups) * ITEMS + lane % ITEMS;
  let needed = entry < dims.R * dims.V * columns;
  var sum = Element();
  if (needed) {
    let row = entry / columns;
    let c = entry - row * columns;
    let r = row / dims.V;
    let v = row - r * dims.V;
    let s = select(r, 0u, dims.S == 1u);
    let first = (s * 2u + PASSES % 2u) * dims.N;
    let end = starts[s * dims.V1 + v + 1u];
    for (var j = starts[s * dims.V1 + v] + lane / ITEMS; j < end; j += SLICES) {
      sum += dy[(r * dims.N + order[first + j]) * columns + c];
    }
  }
  if (SLICES > 1u) {
    parts[lane] = sum;
    workgroupBarrier();
    sum = parts[lane % ITEMS];
    for (var slice = 1u; slice < SLICES; slice++) { // unroll
      sum += parts[slice * ITEMS + lane % ITEMS];
    }
  }
  if (needed && lane < ITEMS) {
    dtable[entry] = sum;
  }
}
