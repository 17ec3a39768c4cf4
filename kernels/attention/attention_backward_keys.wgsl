// dv_j = Σ_i w_ij dy_i      dk_j = scale Σ_i ds_ij q_i      for ROWS·LANES keys of one head by a workgroup
//
// With ds_ij as in attention_backward_queries.wgsl, which leaves the statistic and m_i of each row in `rows`. A lane has
// ROWS keys, their values and both sums in registers; queries and gradients pass by in blocks of KEYS rows that the lanes
// share.
const ROWS: u32 = 1u;
@group(0) @binding(4) var<storage, read> rows: array<vec2f>;  // (N, H, S, 2)

// Behind a query, what else is known of its row.
fn left_piece(head: Head, i: u32, v: u32) -> vec4f {
  if (v == PIECES) {
    return vec4f(rows[statistic_at(head, i)], 0.0, 0.0);
  }
  return dims.factor * queries_piece(query_start(head, i), v);
}

fn right_piece(head: Head, i: u32, v: u32) -> vec4f {
  return dy_piece(output_start(head, i), v);
}

@compute @workgroup_size(LANES) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(subgroup_invocation_id) lane: u32) {
  let tiles = (dims.T + ROWS * LANES - 1u) / (ROWS * LANES);
  let index = group_index(group, groups);
  if (index >= dims.N * dims.H * tiles) {
    return;
  }
  let head = head_of(index / tiles);
  let start = index % tiles * ROWS * LANES;
  var k = array<vec4f, ROWS * PIECES>();
  var x = array<vec4f, ROWS * PIECES>();
  var dk = array<vec4f, ROWS * PIECES>();
  var dx = array<vec4f, ROWS * PIECES>();
  for (var r = 0u; r < ROWS; r++) { // unroll
    let row = start + r * LANES + lane;
    for (var v = 0u; v < PIECES; v++) { // unroll
      k[r * PIECES + v] = keys_piece(key_start(head, row), v);
      x[r * PIECES + v] = keys_piece(value_start(head, row), v);
    }
  }
  // The first query that sees the first key.
  let begin = select(0u, max(start + dims.S, dims.T) - dims.T, CAUSAL == 1u);
  for (var first = begin; first < dims.S; first += KEYS) {
    share(head, first, lane);
    var w = array<f32, ROWS * KEYS>();
    var dw = array<f32, ROWS * KEYS>();
    for (var i = 0u; i < KEYS; i++) { // unroll
      for (var v = 0u; v < PIECES; v++) { // unroll
        let q = subgroupBroadcast(left[v], i);
        let dy = subgroupBroadcast(right[v], i);
        for (var r = 0u; r < ROWS; r++) { // unroll
          w[r * KEYS + i] += dot(k[r * PIECES + v], q);
          dw[r * KEYS + i] += dot(x[r * PIECES + v], dy);
        }
      }
      const v = PIECES;
      let row = subgroupBroadcast(left[v], i);
      let seen = select(0u, keys_seen(first + i), first + i < dims.S);
      for (var r = 0u; r < ROWS; r++) { // unroll
        let visible = start + r * LANES + lane < seen;
        let score = w[r * KEYS + i];
        let weight = weight_of(score, row.x);
        dw[r * KEYS + i] = select(0.0, slope_of(score, row.x, weight, dw[r * KEYS + i], row.y), visible);
        w[r * KEYS + i] = select(0.0, weight, visible);
      }
    }
    for (var v = 0u; v < PIECES; v++) { // unroll
      for (var i = 0u; i < KEYS; i++) { // unroll
        let q = subgroupBroadcast(left[v], i);
        let dy = subgroupBroadcast(right[v], i);
        for (var r = 0u; r < ROWS; r++) { // unroll
          dk[r * PIECES + v] += dw[r * KEYS + i] * q;
          dx[r * PIECES + v] += w[r * KEYS + i] * dy;
        }
      }
    }
  }
  for (var r = 0u; r < ROWS; r++) { // unroll
    let row = start + r * LANES + lane;
    if (row < dims.T) {
      for (var v = 0u; v < PIECES; v++) { // unroll
        write_dkv(key_start(head, row), v, dims.unit * dk[r * PIECES + v]);
        write_dkv(value_start(head, row), v, dx[r * PIECES + v]);
      }
    }
  }
}
