// y_i = Σ_j w_ij v_j, and the statistic of each row      for ROWS·LANES queries of one head by a workgroup
//
// A lane has ROWS queries and their sums in registers. Keys and values pass by in blocks of KEYS rows that the lanes
// share. Softmax keeps the largest score so far, and rescales its sums for a block that exceeds it.
const ROWS: u32 = 1u;
@group(0) @binding(4) var<storage, read_write> statistics: array<f32>;  // (N, H, S)

fn left_piece(head: Head, j: u32, v: u32) -> vec4f {
  return keys_piece(key_start(head, j), v);
}

fn right_piece(head: Head, j: u32, v: u32) -> vec4f {
  return keys_piece(value_start(head, j), v);
}

@compute @workgroup_size(LANES) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(subgroup_invocation_id) lane: u32) {
  let tiles = (dims.S + ROWS * LANES - 1u) / (ROWS * LANES);
  let index = group_index(group, groups);
  if (index >= dims.N * dims.H * tiles) {
    return;
  }
  let head = head_of(index / tiles);
  let start = index % tiles * ROWS * LANES;
  var q = array<vec4f, ROWS * PIECES>();
  var sums = array<vec4f, ROWS * PIECES>();
  var highest = array<f32, ROWS>();
  var total = array<f32, ROWS>();
  for (var r = 0u; r < ROWS; r++) { // unroll
    highest[r] = LOWEST;
    for (var v = 0u; v < PIECES; v++) { // unroll
      q[r * PIECES + v] = dims.factor * queries_piece(query_start(head, start + r * LANES + lane), v);
    }
  }
  let end = keys_seen(min(start + ROWS * LANES, dims.S) - 1u);
  for (var first = 0u; first < end; first += KEYS) {
    share(head, first, lane);
    var w = array<f32, ROWS * KEYS>();
    for (var i = 0u; i < KEYS; i++) { // unroll
      for (var v = 0u; v < PIECES; v++) { // unroll
        let k = subgroupBroadcast(left[v], i);
        for (var r = 0u; r < ROWS; r++) { // unroll
          w[r * KEYS + i] += dot(k, q[r * PIECES + v]);
        }
      }
    }
    for (var r = 0u; r < ROWS; r++) { // unroll
      let row = min(start + r * LANES + lane, dims.S - 1u);
      let seen = keys_seen(row);
      var high = highest[r];
      if (KIND == SOFTMAX) {
        for (var i = 0u; i < KEYS; i++) { // unroll
          high = max(high, select(LOWEST, w[r * KEYS + i], first + i < seen));
        }
        let fade = exp2_accurate(highest[r] - high);
        highest[r] = high;
        total[r] *= fade;
        for (var v = 0u; v < PIECES; v++) { // unroll
          sums[r * PIECES + v] *= fade;
        }
      } else {
        high = share_of(row);
      }
      for (var i = 0u; i < KEYS; i++) { // unroll
        let weight = select(0.0, weight_of(w[r * KEYS + i], high), first + i < seen);
        w[r * KEYS + i] = weight;
        total[r] += weight;
      }
    }
    for (var v = 0u; v < PIECES; v++) { // unroll
      for (var i = 0u; i < KEYS; i++) { // unroll
        let x = subgroupBroadcast(right[v], i);
        for (var r = 0u; r < ROWS; r++) { // unroll
          sums[r * PIECES + v] += w[r * KEYS + i] * x;
        }
      }
    }
  }
  for (var r = 0u; r < ROWS; r++) { // unroll
    let row = start + r * LANES + lane;
    if (row < dims.S) {
      var share = 1.0;
      var statistic = share_of(row);
      if (KIND == SOFTMAX) {
        share = 1.0 / total[r];
        statistic = highest[r] + log_accurate(total[r]) * 1.4426950409;
      }
      statistics[statistic_at(head, row)] = statistic;
      for (var v = 0u; v < PIECES; v++) { // unroll
        write_y(output_start(head, row), v, share * sums[r * PIECES + v]);
      }
    }
  }
}
