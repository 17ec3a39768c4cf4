// c[r,m,n] (+)= Σ_k a[r,m,k] b[r,k,n]      a tile of BANDS·4·LANES × SLICES·4·LANES entries by one subgroup of LANES lanes
//
// A lane owns the four columns of every slice: it loads 4×4 blocks of b for itself and of a for all lanes, who take one
// another's rows of a by broadcast. On a software driver a load costs as much as 10 to 20 multiplications and a
// broadcast hardly more than one. Needs subgroups of exactly LANES lanes. Four steps of k per pass over the sums spare
// three of four trips of a sum between register and stack.
const LANES: u32 = 8u;
const BANDS: u32 = 1u;
const SLICES: u32 = 1u;
const SPAN: u32 = 4u * LANES;
const ROWS: u32 = SPAN * BANDS;
const SUMS: u32 = ROWS * SLICES;

@compute @workgroup_size(LANES) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(subgroup_invocation_id) lane: u32) {
  let tile = group_index(group, groups);
  let columns = (dims.N + SPAN * SLICES - 1u) / (SPAN * SLICES);
  let rows = (dims.M + ROWS - 1u) / ROWS;
  if (tile >= dims.R * rows * columns) {
    return;
  }
  let r = tile / (rows * columns);
  let m = (tile / columns) % rows * ROWS;
  let n = tile % columns * SPAN * SLICES + 4u * lane;
  var sums = array<vec4f, SUMS>();
  if (ADD == 1u) {
    for (var i = 0u; i < SUMS; i++) { // unroll
      sums[i] = load_result(r, m + i / SLICES, n + i % SLICES * SPAN);
    }
  }
  for (var k = dims.start; k < dims.end; k += 4u) {
    var right = array<mat4x4f, SLICES>();
    for (var slice = 0u; slice < SLICES; slice++) { // unroll
      right[slice] = right_block(r, k, n + slice * SPAN);
    }
    for (var band = 0u; band < BANDS; band++) { // unroll
      let left = left_block(r, m + band * SPAN + 4u * lane, k);
      for (var row = 0u; row < SPAN; row++) { // unroll
        let x = subgroupBroadcast(left[row % 4u], row / 4u);
        for (var slice = 0u; slice < SLICES; slice++) { // unroll
          var sum = sums[(band * SPAN + row) * SLICES + slice];
          sum += x.x * right[slice][0];
          sum += x.y * right[slice][1];
          sum += x.z * right[slice][2];
          sum += x.w * right[slice][3];
          sums[(band * SPAN + row) * SLICES + slice] = sum;
        }
      }
    }
  }
  for (var i = 0u; i < SUMS; i++) { // unroll
    store_result(r, m + i / SLICES, n + i % SLICES * SPAN, sums[i]);
  }
}
