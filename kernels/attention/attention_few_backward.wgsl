// dq_i = scale Σ_j ds_ij k_j      dk_j = scale Σ_i ds_ij q_i      dv_j = Σ_i w_ij dy_i      for one head by an invocation
//
//   dw_ij = dy_i·v_j      ds_ij = w_ij (dw_ij − m_i)  |  dw_ij / n_i where s_ij > 0  |  dw_ij / n_i      m_i = Σ_j w_ij dw_ij
//
// For few keys: they, their values and the gradients of both are in registers while queries pass by, as on the way forward.
const KEYS: u32 = 4u;
const LANES: u32 = 16u;
@group(0) @binding(4) var<storage, read> statistics: array<f32>;  // (N, H, S)

@compute @workgroup_size(LANES) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let index = group_index(group, groups) * LANES + lane;
  if (index >= dims.N * dims.H) {
    return;
  }
  let head = head_of(index);
  var k = array<vec4f, KEYS * PIECES>();
  var x = array<vec4f, KEYS * PIECES>();
  var dk = array<vec4f, KEYS * PIECES>();
  var dx = array<vec4f, KEYS * PIECES>();
  for (var j = 0u; j < KEYS; j++) { // unroll
    for (var v = 0u; v < PIECES; v++) { // unroll
      k[j * PIECES + v] = keys_piece(key_start(head, j), v);
      x[j * PIECES + v] = keys_piece(value_start(head, j), v);
    }
  }
  for (var i = 0u; i < dims.S; i++) {
    let seen = keys_seen(i);
    let statistic = statistics[statistic_at(head, i)];
    var q = array<vec4f, PIECES>();
    var dy = array<vec4f, PIECES>();
    var w = array<f32, KEYS>();
    var dw = array<f32, KEYS>();
    for (var v = 0u; v < PIECES; v++) { // unroll
      q[v] = dims.factor * queries_piece(query_start(head, i), v);
      dy[v] = dy_piece(output_start(head, i), v);
      for (var j = 0u; j < KEYS; j++) { // unroll
        w[j] += dot(k[j * PIECES + v], q[v]);
        dw[j] += dot(x[j * PIECES + v], dy[v]);
      }
    }
    var mean = 0.0;
    for (var j = 0u; j < KEYS; j++) { // unroll
      let score = w[j];
      w[j] = select(0.0, weight_of(score, statistic), j < seen);
      if (KIND == SOFTMAX) {
        mean += w[j] * dw[j];
      } else {
        dw[j] = select(0.0, slope_of(score, statistic, w[j], dw[j], 0.0), j < seen);
      }
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
      write_dq(query_start(head, i), v, dims.scale * sum);
    }
  }
  for (var j = 0u; j < KEYS; j++) { // unroll
    for (var v = 0u; v < PIECES; v++) { // unroll
      write_dkv(key_start(head, j), v, dims.unit * dk[j * PIECES + v]);
      write_dkv(value_start(head, j), v, dx[j * PIECES + v]);
    }
  }
}
