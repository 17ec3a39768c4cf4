// c[r,m,n] = Σ_k a[r,m,k] b[r,k,n] + bias[r,n]      a tile by one subgroup of LANES lanes: GROUPS bands of ROWS × COLUMNS entries
//
// A lane owns four columns of every slice and all rows of its group's band. It loads 4×4 blocks of b for itself and of a
// for its group, whose lanes take one another's rows by shuffle. On a software driver a load takes one pass per lane, as
// much as 10 multiplications of all lanes, and a shuffle by a constant hardly more than one. Several groups serve
// products of few columns: they work on different bands, of one replica or of several. Four steps of k per pass over the
// sums spare three of four trips of a sum between register and stack; more than 64 rows × slices leave the instruction
// cache. Needs subgroups of exactly LANES lanes.
const LANES: u32 = 8u;
const GROUPS: u32 = 1u;
const ROWS: u32 = 32u;
const SLICES: u32 = 1u;
// SHARED 1: the groups keep to one replica, and each loads a part of the blocks of b that all of them need.
const SHARED: u32 = 0u;
const GROUP: u32 = LANES / GROUPS;
const SPAN: u32 = 4u * GROUP;
const COLUMNS: u32 = SPAN * SLICES;
const SUMS: u32 = ROWS * SLICES;
const BLOCKS: u32 = (ROWS + SPAN - 1u) / SPAN;
// Entries of b that stay in a core's cache: 128 KiB.
const CACHED: u32 = 32768u;

// As right_block, of a block that the groups share: each loads OWN of its rows and takes the others by shuffle.
const OWN: u32 = (GROUPS + 3u) / GROUPS;

fn shared_block(replica: u32, k: u32, n: u32, lane: u32) -> mat4x4f {
  let within = lane % GROUP;
  let first = lane / GROUP % (4u / OWN) * OWN;
  var mine = array<vec4f, OWN>();
  for (var i = 0u; i < OWN; i++) { // unroll
    mine[i] = right_row(replica, k, n, first + i);
  }
  var rows = array<vec4f, 4>();
  for (var i = 0u; i < 4u; i++) { // unroll
    rows[i] = subgroupShuffle(mine[i % OWN], i / OWN * GROUP + within);
  }
  return right_rows(k, mat4x4f(rows[0], rows[1], rows[2], rows[3]));
}

@compute @workgroup_size(LANES) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(subgroup_invocation_id) lane: u32) {
  let tile = group_index(group, groups);
  let columns = (dims.N + COLUMNS - 1u) / COLUMNS;
  var bands = (dims.M + ROWS - 1u) / ROWS;
  if (SHARED == 1u) {
    bands = (bands + GROUPS - 1u) / GROUPS * GROUPS;
  }
  let rows = (dims.R * bands + GROUPS - 1u) / GROUPS;
  if (tile >= rows * columns) {
    return;
  }
  // Columns in panels, whose part of b stays in cache while all rows of a pass by; the last panel may be narrower.
  let width = max(1u, CACHED / (dims.K * COLUMNS));
  let panel = tile / (rows * width);
  let narrow = min(width, columns - panel * width);
  let position = tile - panel * rows * width;
  let within = lane % GROUP;
  // Where the bands run out, the last groups work in vain, below the matrix.
  let band = position / narrow * GROUPS + lane / GROUP;
  let r = min(band / bands, dims.R - 1u);
  let m = select(dims.M, band % bands * ROWS, band < dims.R * bands);
  let n = (panel * width + position % narrow) * COLUMNS + 4u * within;
  let replica = r / dims.parts;
  var sums = array<vec4f, SUMS>();
  // As many steps for every lane, since all take part in a shuffle: the last part, where it is shorter, goes on past K, with zeros.
  let start = steps_of(r).x;
  for (var step = 0u; step < dims.chunk; step += 4u) {
    let k = start + step;
    var right = array<mat4x4f, SLICES>();
    for (var slice = 0u; slice < SLICES; slice++) { // unroll
      if (SHARED == 1u) {
        right[slice] = shared_block(replica, k, n + slice * SPAN, lane);
      } else {
        right[slice] = right_block(replica, k, n + slice * SPAN);
      }
    }
    var left = array<mat4x4f, BLOCKS>();
    for (var block = 0u; block < BLOCKS; block++) { // unroll
      if (ROWS >= SPAN || 4u * within < ROWS) {
        left[block] = left_block(replica, m + block * SPAN + 4u * within, k);
      }
    }
    for (var slice = 0u; slice < SLICES; slice++) { // unroll
      for (var row = 0u; row < ROWS; row++) { // unroll
        var x: vec4f;
        if (GROUPS == 1u) {
          x = subgroupBroadcast(left[row / SPAN][row % 4u], row % SPAN / 4u);
        } else {
          x = subgroupShuffle(left[row / SPAN][row % 4u], lane - within + row % SPAN / 4u);
        }
        var sum = sums[slice * ROWS + row];
        sum += x.x * right[slice][0];
        sum += x.y * right[slice][1];
        sum += x.z * right[slice][2];
        sum += x.w * right[slice][3];
        sums[slice * ROWS + row] = sum;
      }
    }
  }
  for (var slice = 0u; slice < SLICES; slice++) { // unroll
    let shift = bias_of(replica, n + slice * SPAN);
    for (var row = 0u; row < ROWS; row++) { // unroll
      store_result(r, m + row, n + slice * SPAN, sums[slice * ROWS + row] + shift);
    }
  }
}
