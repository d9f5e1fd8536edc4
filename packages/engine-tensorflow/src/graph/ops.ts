/**
 * The ops of TensorFlow that lowering uses: the name of the first output of each, by which nodes of
 * a function refer to it, and the attributes that are always the same.
 */
import type { Attributes } from './messages.js'

export const OUTPUT_NAMES = {
  Abs: 'y',
  AddV2: 'z',
  ArgMax: 'output',
  AssignAddVariableOp: '',
  AssignVariableOp: '',
  BatchMatMulV2: 'output',
  Bitcast: 'output',
  BroadcastTo: 'output',
  Cast: 'y',
  CheckNumerics: 'output',
  ConcatV2: 'output',
  Const: 'output',
  Equal: 'z',
  Exp: 'y',
  FloorMod: 'z',
  GatherV2: 'output',
  Identity: 'output',
  ImmutableConst: 'tensor',
  IsNan: 'y',
  Less: 'z',
  LessEqual: 'z',
  Log: 'y',
  Log1p: 'y',
  LogSoftmax: 'logsoftmax',
  MatMul: 'product',
  Max: 'output',
  Maximum: 'z',
  Minimum: 'z',
  Mul: 'z',
  Neg: 'y',
  NotEqual: 'z',
  OneHot: 'output',
  Pack: 'output',
  Pad: 'output',
  Placeholder: 'output',
  ReadVariableOp: 'value',
  RealDiv: 'z',
  Reshape: 'output',
  ResourceApplyAdam: '',
  ResourceApplyGradientDescent: '',
  ResourceApplyMomentum: '',
  ResourceScatterUpdate: '',
  RightShift: 'z',
  SelectV2: 'output',
  Sigmoid: 'y',
  Slice: 'output',
  Softmax: 'softmax',
  Sqrt: 'y',
  StatelessRandomUniformFullIntV2: 'output',
  Sub: 'z',
  Sum: 'output',
  Tanh: 'y',
  Transpose: 'y',
  UnsortedSegmentSum: 'output',
  VarHandleOp: 'resource',
  While: 'output',
} as const

export type TensorFlowOp = keyof typeof OUTPUT_NAMES

const INT32 = { type: 'int32' } as const
const NO = { bool: false } as const

/** The attribute that has the type of an op, where that is not `T`. */
export const TYPE_NAMES: Readonly<Partial<Record<TensorFlowOp, string>>> = {
  AssignAddVariableOp: 'dtype',
  AssignVariableOp: 'dtype',
  Cast: 'DstT',
  Const: 'dtype',
  GatherV2: 'Tparams',
  ImmutableConst: 'dtype',
  Placeholder: 'dtype',
  ReadVariableOp: 'dtype',
  ResourceScatterUpdate: 'dtype',
  StatelessRandomUniformFullIntV2: 'dtype',
  VarHandleOp: 'dtype',
}

/** Attributes besides the type. All integers that operands are by are int32. */
export const FIXED: Readonly<Partial<Record<TensorFlowOp, Attributes>>> = {
  ArgMax: { Tidx: INT32, output_type: INT32 },
  BroadcastTo: { Tidx: INT32 },
  ConcatV2: { Tidx: INT32 },
  Equal: { incompatible_shape_error: { bool: true } },
  GatherV2: { Tindices: INT32, Taxis: INT32, batch_dims: { int: 0 } },
  Max: { Tidx: INT32, keep_dims: NO },
  NotEqual: { incompatible_shape_error: { bool: true } },
  OneHot: { axis: { int: -1 } },
  Pack: { axis: { int: 0 } },
  Pad: { Tpaddings: INT32 },
  Reshape: { Tshape: INT32 },
  ResourceApplyAdam: { use_locking: NO, use_nesterov: NO },
  ResourceApplyGradientDescent: { use_locking: NO },
  ResourceApplyMomentum: { use_locking: NO },
  ResourceScatterUpdate: { Tindices: INT32 },
  Slice: { Index: INT32 },
  StatelessRandomUniformFullIntV2: { Tshape: INT32 },
  Sum: { Tidx: INT32, keep_dims: NO },
  Transpose: { Tperm: INT32 },
  UnsortedSegmentSum: { Tindices: INT32, Tnumsegments: INT32 },
}
