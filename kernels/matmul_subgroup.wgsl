// c[r,m,n] (+)= Σ_k a[r,m,k] b[r,k,n]      a tile of 4·LANES × SLICES·4·LANES entries by one subgroup of LANES lanes
//
// A lane owns four columns of every slice: it loads 4×4 blocks of b for itself and one of a for all lanes, who take one
// another's rows of a by broadcast. On a software driver a load costs as much as 10 to 20 multiplications and a
// broadcast hardly more than one. Needs subgroups of exactly LANES lanes. Four steps of k per pass over the sums spare
// three of four trips of a sum between register and stack.
const LANES: u32 = 8u;
const SLICES: u32 = 1u;
const ROWS: u32 = 4u * LANES;
const COLUMNS: u32 = ROWS * SLICES;
const SUMS: u32 = ROWS * SLICES;
// Entries of b that stay in a core's cache: 128 KiB.
const CACHED: u32 = 32768u;

@compute @workgroup_size(LANES) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(subgroup_invocation_id) lane: u32) {
  let tile = group_index(group, groups);
  let columns = (dims.N + COLUMNS - 1u) / COLUMNS;
  let rows = (dims.M + ROWS - 1u) / ROWS;
  if (tile >= dims.R * rows * columns) {
    return;
  }
  let r = tile / (rows * columns);
  // Columns in panels, whose part of b stays in cache while all rows of a pass by; the last panel may be narrower.
  let width = max(1u, CACHED / (dims.K * COLUMNS));
  let within = tile % (rows * columns);
  let panel = within / (rows * width);
  let narrow = min(width, columns - panel * width);
  let position = within - panel * rows * width;
  let m = position / narrow * ROWS;
  let n = (panel * width + position % narrow) * COLUMNS + 4u * lane;
  var sums = array<vec4f, SUMS>();
  if (ADD == 1u) {
    for (var i = 0u; i < SUMS; i++) { // unroll
      sums[i] = load_result(r, m + i / SLICES, n + i % SLICES * ROWS);
    }
  }
  for (var k = dims.start; k < dims.end; k += 4u) {
    var right = array<mat4x4f, SLICES>();
    for (var slice = 0u; slice < SLICES; slice++) { // unroll
      right[slice] = right_block(r, k, n + slice * ROWS);
    }
    let left = left_block(r, m + 4u * lane, k);
    for (var row = 0u; row < ROWS; row++) { // unroll
      let x = subgroupBroadcast(left[row % 4u], row / 4u);
      for (var slice = 0u; slice < SLICES; slice++) { // unroll
        var sum = sums[row * SLICES + slice];
        sum += x.x * right[slice][0];
        sum += x.y * right[slice][1];
        sum += x.z * right[slice][2];
        sum += x.w * right[slice][3];
        sums[row * SLICES + slice] = sum;
      }
    }
  }
  for (var i = 0u; i < SUMS; i++) { // unroll
    store_result(r, m + i / SLICES, n + i % SLICES * ROWS, sums[i]);
  }
}
