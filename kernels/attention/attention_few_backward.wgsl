// dq_i = scale Σ_j ds_ij k_j      dk_j = scale Σ_i ds_ij q_i      dv_j = Σ_i w_ij dy_i      for one head by PARTS invocations
//
//   dw_ij = dy_i·v_j      ds_ij = w_ij (dw_ij − m_i)  |  dw_ij / n_i where s_ij > 0  |  dw_ij / n_i      m_i = Σ_j w_ij dw_ij
//
// For few keys: an invocation's share of them, their values and the gradients of both are in registers while queries pass
// by, as on the way forward.
@group(0) @binding(4) var<storage, read> statistics: array<f32>;  // (N, H, S)

@compute @workgroup_size(LANES) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(LANE_INDEX) lane: u32) {
  let index = (group_index(group, groups) * LANES + lane) / PARTS;
  let part = lane % PARTS;
  // Lanes beyond the last head repeat it and write nothing: all take part in what lanes exchange.
  let live = index < dims.N * dims.H;
  let head = head_of(min(index, dims.N * dims.H - 1u));
  let first = part * KEYS;
  var k = array<vec4f, KEYS * PIECES>();
  var x = array<vec4f, KEYS * PIECES>();
  var dk = array<vec4f, KEYS * PIECES>();
  var dx = array<vec4f, KEYS * PIECES>();
  for (var j = 0u; j < KEYS; j++) { // unroll
    for (var v = 0u; v < PIECES; v++) { // unroll
      k[j * PIECES + v] = keys_piece(key_start(head, first + j), v);
      x[j * PIECES + v] = keys_piece(value_start(head, first + j), v);
    }
  }
  for (var i = 0u; i < dims.S; i++) {
    let seen = keys_seen(i);
    let statistic = statistics[statistic_at(head, i)];
    var own_q = array<vec4f, OWN>();
    var own_dy = array<vec4f, OWN>();
    for (var u = 0u; u < OWN; u++) { // unroll
      own_q[u] = dims.factor * queries_piece(query_start(head, i), own_piece(u, part));
      own_dy[u] = dy_piece(output_start(head, i), own_piece(u, part));
    }
    var q = array<vec4f, PIECES>();
    var dy = array<vec4f, PIECES>();
    var w = array<f32, KEYS>();
    var dw = array<f32, KEYS>();
    for (var v = 0u; v < PIECES; v++) { // unroll
      q[v] = row_piece(own_q, v, lane);
      dy[v] = row_piece(own_dy, v, lane);
      for (var j = 0u; j < KEYS; j++) { // unroll
        w[j] += dot(k[j * PIECES + v], q[v]);
        dw[j] += dot(x[j * PIECES + v], dy[v]);
      }
    }
    var mean = 0.0;
    for (var j = 0u; j < KEYS; j++) { // unroll
      let score = w[j];
      w[j] = select(0.0, weight_of(score, statistic), first + j < seen);
      if (KIND == SOFTMAX) {
        mean += w[j] * dw[j];
      } else {
        dw[j] = select(0.0, slope_of(score, statistic, w[j], dw[j], 0.0), first + j < seen);
      }
    }
    if (KIND == SOFTMAX) {
      mean = sum_of(mean, lane);
    }
    for (var j = 0u; j < KEYS; j++) { // unroll
      if (KIND == SOFTMAX) {
        dw[j] = w[j] * (dw[j] - mean);
      }
      for (var v = 0u; v < PIECES; v++) { // unroll
        dk[j * PIECES + v] += dw[j] * q[v];
        dx[j * PIECES + v] += w[j] * dy[v];
      }
    }
    for (var v = 0u; v < PIECES; v++) { // unroll
      var sum = vec4f();
      for (var j = 0u; j < KEYS; j++) { // unroll
        sum += dw[j] * k[j * PIECES + v];
      }
      sum = vector_sum_of(sum, lane);
      if (v % PARTS == part) {
        own_q[v / PARTS] = dims.scale * sum;
      }
    }
    for (var u = 0u; u < OWN; u++) { // unroll
      if (live && owns(u, part)) {
        write_dq(query_start(head, i), u * PARTS + part, own_q[u]);
      }
    }
  }
  for (var j = 0u; j < KEYS; j++) { // unroll
    if (live && first + j < dims.T) {
      for (var v = 0u; v < PIECES; v++) { // unroll
        write_dkv(key_start(head, first + j), v, dims.unit * dk[j * PIECES + v]);
        write_dkv(value_start(head, first + j), v, dx[j * PIECES + v]);
      }
    }
  }
}
