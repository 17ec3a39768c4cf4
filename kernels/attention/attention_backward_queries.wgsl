// dq_i = scale Σ_j ds_ij k_j      for ROWS·LANES queries of one head by a workgroup
//
//   dw_ij = dy_i·v_j      ds_ij = w_ij (dw_ij − m_i)  |  dw_ij / n_i where s_ij > 0  |  dw_ij / n_i
//   m_i = Σ_j w_ij dw_ij = dy_i·y_i
//
// Weights are made again from scores and statistics. Tiles and blocks are those of the way forward.
const ROWS: u32 = 1u;
@group(0) @binding(5) var<storage, read> statistics: array<f32>;     // (N, H, S)
@group(0) @binding(7) var<storage, read_write> rows: array<vec2f>;   // (N, H, S, 2)

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
  var dy = array<vec4f, ROWS * PIECES>();
  var sums = array<vec4f, ROWS * PIECES>();
  var statistic = array<f32, ROWS>();
  var mean = array<f32, ROWS>();
  for (var r = 0u; r < ROWS; r++) { // unroll
    let row = start + r * LANES + lane;
    statistic[r] = statistics[statistic_at(head, row)];
    for (var v = 0u; v < PIECES; v++) { // unroll
      q[r * PIECES + v] = dims.factor * queries_piece(query_start(head, row), v);
      dy[r * PIECES + v] = dy_piece(output_start(head, row), v);
      if (KIND == SOFTMAX) {
        mean[r] += dot(dy[r * PIECES + v], y_piece(output_start(head, row), v));
      }
    }
  }
  let end = keys_seen(min(start + ROWS * LANES, dims.S) - 1u);
  for (var first = 0u; first < end; first += KEYS) {
    share(head, first, lane);
    var s = array<f32, ROWS * KEYS>();
    var dw = array<f32, ROWS * KEYS>();
    for (var i = 0u; i < KEYS; i++) { // unroll
      for (var v = 0u; v < PIECES; v++) { // unroll
        let k = subgroupBroadcast(left[v], i);
        let x = subgroupBroadcast(right[v], i);
        for (var r = 0u; r < ROWS; r++) { // unroll
          s[r * KEYS + i] += dot(k, q[r * PIECES + v]);
          dw[r * KEYS + i] += dot(x, dy[r * PIECES + v]);
        }
      }
    }
    for (var r = 0u; r < ROWS; r++) { // unroll
      let seen = keys_seen(min(start + r * LANES + lane, dims.S - 1u));
      for (var i = 0u; i < KEYS; i++) { // unroll
        let score = s[r * KEYS + i];
        let slope = slope_of(score, statistic[r], weight_of(score, statistic[r]), dw[r * KEYS + i], mean[r]);
        dw[r * KEYS + i] = select(0.0, slope, first + i < seen);
      }
    }
    for (var v = 0u; v < PIECES; v++) { // unroll
      for (var i = 0u; i < KEYS; i++) { // unroll
        let k = subgroupBroadcast(left[v], i);
        for (var r = 0u; r < ROWS; r++) { // unroll
          sums[r * PIECES + v] += dw[r * KEYS + i] * k;
        }
      }
    }
  }
  for (var r = 0u; r < ROWS; r++) { // unroll
    let row = start + r * LANES + lane;
    if (row < dims.S) {
      rows[statistic_at(head, row)] = vec2f(statistic[r], mean[r]);
      for (var v = 0u; v < PIECES; v++) { // unroll
        write_dq(query_start(head, row), v, dims.scale * sums[r * PIECES + v]);
      }
    }
  }
}
