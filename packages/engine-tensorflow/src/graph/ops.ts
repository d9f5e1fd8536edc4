/** The ops of TensorFlow that lowering uses, with their outputs and fixed attributes. */
import type { Attributes } from './messages.js'

interface OpDescription {
  /** The name of the output that is used, by which nodes of a function refer to it. */
  readonly output?: string
  /** The place of that output among those of a node. Default: 0. */
  readonly place?: number
  /** The attribute that has the element type. Default: `T`. */
  readonly type?: string
  /** Attributes that are the same wherever the op is used. Shapes, axes and indices are int32. */
  readonly fixed?: Attributes
}

const INT32 = { type: 'int32' } as const
const NO = { bool: false } as const

/** Of windows that lie within what they slide over, one element apart. */
const WINDOWS = { padding: { text: 'VALID' }, explicit_paddings: { ints: [] } } as const
const PLANES = { ...WINDOWS, data_format: { text: 'NHWC' }, dilations: { ints: [1, 1, 1, 1] } } as const
const VOLUMES = {
  padding: { text: 'VALID' },
  data_format: { text: 'NDHWC' },
  dilations: { ints: [1, 1, 1, 1, 1] },
} as const
const MASKS = {
  begin_mask: { int: 0 },
  end_mask: { int: 0 },
  ellipsis_mask: { int: 0 },
  new_axis_mask: { int: 0 },
  shrink_axis_mask: { int: 0 },
} as const

const TABLE = {
  Abs: { output: 'y' },
  AddV2: { output: 'z' },
  ArgMax: { output: 'output', fixed: { Tidx: INT32, output_type: INT32 } },
  AssignAddVariableOp: { type: 'dtype' },
  AssignVariableOp: { type: 'dtype' },
  BatchMatMulV2: { output: 'output' },
  Bitcast: { output: 'output' },
  BroadcastTo: { output: 'output', fixed: { Tidx: INT32 } },
  Cast: { output: 'y', type: 'DstT' },
  CheckNumerics: { output: 'output' },
  ConcatV2: { output: 'output', fixed: { Tidx: INT32 } },
  Const: { output: 'output', type: 'dtype' },
  Conv2D: { output: 'output', fixed: { ...PLANES, use_cudnn_on_gpu: NO } },
  Conv2DBackpropFilter: { output: 'output', fixed: { ...PLANES, use_cudnn_on_gpu: NO } },
  Conv2DBackpropInput: { output: 'output', fixed: { ...PLANES, use_cudnn_on_gpu: NO } },
  Conv3D: { output: 'output', fixed: VOLUMES },
  Conv3DBackpropFilterV2: { output: 'output', fixed: VOLUMES },
  Conv3DBackpropInputV2: { output: 'output', fixed: { ...VOLUMES, Tshape: INT32 } },
  Cos: { output: 'y' },
  DepthwiseConv2dNative: { output: 'output', fixed: PLANES },
  DepthwiseConv2dNativeBackpropFilter: { output: 'output', fixed: PLANES },
  DepthwiseConv2dNativeBackpropInput: { output: 'output', fixed: PLANES },
  Equal: { output: 'z', fixed: { incompatible_shape_error: { bool: true } } },
  Erf: { output: 'y' },
  Exp: { output: 'y' },
  FloorMod: { output: 'z' },
  GatherV2: { output: 'output', type: 'Tparams', fixed: { Tindices: INT32, Taxis: INT32, batch_dims: { int: 0 } } },
  Identity: { output: 'output' },
  ImmutableConst: { output: 'tensor', type: 'dtype' },
  IsNan: { output: 'y' },
  Less: { output: 'z' },
  LessEqual: { output: 'z' },
  Log: { output: 'y' },
  Log1p: { output: 'y' },
  LogSoftmax: { output: 'logsoftmax' },
  LogicalAnd: { output: 'z' },
  LogicalNot: { output: 'y' },
  LogicalOr: { output: 'z' },
  MatMul: { output: 'product' },
  Max: { output: 'output', fixed: { Tidx: INT32, keep_dims: NO } },
  Maximum: { output: 'z' },
  Minimum: { output: 'z' },
  Mul: { output: 'z' },
  Neg: { output: 'y' },
  NotEqual: { output: 'z', fixed: { incompatible_shape_error: { bool: true } } },
  OneHot: { output: 'output', fixed: { axis: { int: -1 } } },
  Pack: { output: 'output', fixed: { axis: { int: 0 } } },
  Pad: { output: 'output', fixed: { Tpaddings: INT32 } },
  Placeholder: { output: 'output', type: 'dtype' },
  Pow: { output: 'z' },
  ReadVariableOp: { output: 'value', type: 'dtype' },
  RealDiv: { output: 'z' },
  Reshape: { output: 'output', fixed: { Tshape: INT32 } },
  ResourceApplyAdam: { fixed: { use_locking: NO, use_nesterov: NO } },
  ResourceApplyGradientDescent: { fixed: { use_locking: NO } },
  ResourceApplyMomentum: { fixed: { use_locking: NO } },
  ResourceScatterUpdate: { type: 'dtype', fixed: { Tindices: INT32 } },
  RightShift: { output: 'z' },
  SelectV2: { output: 'output' },
  Shape: { output: 'output', fixed: { out_type: INT32 } },
  Sigmoid: { output: 'y' },
  Sin: { output: 'y' },
  Slice: { output: 'output', fixed: { Index: INT32 } },
  Softmax: { output: 'softmax' },
  Sqrt: { output: 'y' },
  StatelessRandomUniformFullIntV2: { output: 'output', type: 'dtype', fixed: { Tshape: INT32 } },
  StridedSlice: { output: 'output', fixed: { Index: INT32, ...MASKS } },
  StridedSliceGrad: { output: 'output', fixed: { Index: INT32, ...MASKS } },
  Sub: { output: 'z' },
  Sum: { output: 'output', fixed: { Tidx: INT32, keep_dims: NO } },
  Tanh: { output: 'y' },
  TopKV2: { output: 'indices', place: 1, fixed: { sorted: { bool: true } } },
  Transpose: { output: 'y', fixed: { Tperm: INT32 } },
  UnsortedSegmentSum: { output: 'output', fixed: { Tindices: INT32, Tnumsegments: INT32 } },
  VarHandleOp: { output: 'resource', type: 'dtype' },
  While: { output: 'output' },
} as const satisfies Readonly<Record<string, OpDescription>>

export type TensorFlowOp = keyof typeof TABLE

export const OPS: Readonly<Record<TensorFlowOp, OpDescription>> = TABLE
