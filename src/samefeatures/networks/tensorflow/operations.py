"""Operations that a SavedModel may hold: those that compute, and what keeps its weights."""

from __future__ import annotations

_PURE = """
    Abs AccumulateNV2 Acos Acosh Add AddN AddV2 AdjustContrast AdjustContrastv2 AdjustHue
    AdjustSaturation All Angle Any ApproximateEqual ArgMax ArgMin AsString Asin Asinh Assert Atan
    Atan2 Atanh AvgPool AvgPool3D AvgPoolGrad BatchMatMul BatchMatMulV2 BatchMatMulV3
    BatchNormWithGlobalNormalization BatchToSpace BatchToSpaceND BiasAdd BiasAddGrad BiasAddV1
    Bincount Bitcast BitwiseAnd BitwiseOr BitwiseXor BroadcastArgs BroadcastGradientArgs
    BroadcastTo Bucketize Case Cast Ceil CheckNumerics CheckNumericsV2 Cholesky ClipByValue
    CombinedNonMaxSuppression Concat ConcatOffset ConcatV2 Conj ConjugateTranspose Const
    ControlTrigger Conv Conv2D Conv2DBackpropFilter Conv2DBackpropInput Conv3D Cos Cosh
    CropAndResize Cross Cumprod Cumsum CumulativeLogsumexp DataFormatDimMap DataFormatVecPermute
    DecodeAndCropJpeg DecodeBase64 DecodeBmp DecodeGif DecodeImage DecodeJpeg DecodePng DecodeRaw
    DenseBincount DepthToSpace DepthwiseConv2dNative DepthwiseConv2dNativeBackpropFilter
    DepthwiseConv2dNativeBackpropInput Dequantize DeviceIndex Diag DiagPart Digamma Dilation2D Div
    DivNoNan DrawBoundingBoxes DrawBoundingBoxesV2 DynamicPartition DynamicStitch Einsum Elu
    EluGrad Empty EmptyTensorList EncodeBase64 EncodeJpeg EncodePng EnsureShape Equal Erf Erfc
    Erfinv EuclideanNorm Exp ExpandDims Expm1 ExtractImagePatches FFT FFT2D FakeParam
    FakeQuantWithMinMaxArgs FakeQuantWithMinMaxVars FakeQuantWithMinMaxVarsPerChannel Fill Floor
    FloorDiv FloorMod FractionalAvgPool FractionalMaxPool FusedBatchNorm FusedBatchNormGrad
    FusedBatchNormGradV2 FusedBatchNormGradV3 FusedBatchNormV2 FusedBatchNormV3 FusedPadConv2D
    FusedResizeAndPadConv2D Gather GatherNd GatherV2 Greater GreaterEqual GuaranteeConst HSVToRGB
    HashTable HashTableV2 HistogramFixedWidth HistogramSummary IFFT IFFT2D IRFFT IRFFT2D Identity
    IdentityN If Igamma Igammac Imag ImageProjectiveTransformV2 ImageProjectiveTransformV3
    ImageSummary InTopK InTopKV2 InitializeTable InitializeTableV2 Inv InvGrad Invert
    InvertPermutation IsFinite IsInf IsNan L2Loss LRN LRNGrad LeakyRelu LeakyReluGrad LeftShift Less
    LessEqual Lgamma LinSpace ListDiff Log Log1p LogSoftmax LogicalAnd LogicalNot LogicalOr
    LookupTableExport LookupTableExportV2 LookupTableFind LookupTableFindV2 LookupTableImport
    LookupTableImportV2 LookupTableInsert LookupTableInsertV2 LookupTableSize LookupTableSizeV2
    MatMul MatrixBandPart MatrixDiag MatrixDiagPart MatrixDiagPartV2 MatrixDiagPartV3 MatrixDiagV2
    MatrixDiagV3 MatrixInverse MatrixSetDiag MatrixSetDiagV2 MatrixSetDiagV3 Max MaxPool MaxPool3D
    MaxPoolGrad MaxPoolGradV2 MaxPoolV2 MaxPoolWithArgmax Maximum Mean Merge MergeSummary Min
    Minimum MirrorPad MirrorPadGrad Mod Mul MulNoNan MutableHashTable MutableHashTableV2 Neg
    NextAfter NoOp NonMaxSuppression NonMaxSuppressionV2 NonMaxSuppressionV3 NonMaxSuppressionV4
    NonMaxSuppressionV5 NotEqual NthElement OneHot OnesLike OptionalFromValue OptionalGetValue
    OptionalHasValue OptionalNone Pack Pad PadV2 ParallelConcat ParallelDynamicStitch ParseExample
    ParseExampleV2 ParseSingleExample ParseTensor PartitionedCall Placeholder PlaceholderV2
    PlaceholderWithDefault Pow PreventGradient Prod QuantizeAndDequantize QuantizeAndDequantizeV2
    QuantizeAndDequantizeV3 QuantizeAndDequantizeV4 QuantizeDownAndShrinkRange QuantizeV2
    QuantizedAdd QuantizedAvgPool QuantizedBiasAdd QuantizedConcat QuantizedConv2D QuantizedMatMul
    QuantizedMaxPool QuantizedMul QuantizedRelu QuantizedRelu6 QuantizedReshape RFFT RFFT2D RGBToHSV
    RandomCrop RandomShuffle RandomStandardNormal RandomUniform RandomUniformInt Range Rank Real
    RealDiv Reciprocal ReciprocalGrad ReduceJoin RefIdentity RefMerge RefSelect RefSwitch
    RegexFullMatch RegexReplace Relu Relu6 Relu6Grad ReluGrad RequantizationRange Requantize Reshape
    ResizeArea ResizeBicubic ResizeBilinear ResizeBilinearGrad ResizeNearestNeighbor
    ResizeNearestNeighborGrad Reverse ReverseSequence ReverseV2 RightShift Rint RngReadAndSkip
    RngSkip Roll Round Rsqrt RsqrtGrad SampleDistortedBoundingBox SampleDistortedBoundingBoxV2
    ScalarSummary ScaleAndTranslate ScatterNd SegmentMax SegmentMean SegmentMin SegmentSum Select
    SelectV2 Selu SeluGrad SerializeTensor Shape ShapeN ShardedFilename ShardedFilespec Sigmoid
    SigmoidGrad Sign Sin Sinh Size Slice Snapshot Softmax SoftmaxCrossEntropyWithLogits Softplus
    SoftplusGrad Softsign SoftsignGrad SpaceToBatch SpaceToBatchND SpaceToDepth
    SparseSoftmaxCrossEntropyWithLogits SparseToDense Split SplitV Sqrt SqrtGrad Square
    SquaredDifference Squeeze StatefulPartitionedCall StatefulStandardNormal
    StatefulStandardNormalV2 StatefulTruncatedNormal StatefulUniform StatefulUniformInt
    StatelessCase StatelessIf StatelessRandomGetAlg StatelessRandomGetKeyCounter
    StatelessRandomGetKeyCounterAlg StatelessRandomNormal StatelessRandomNormalV2
    StatelessRandomUniform StatelessRandomUniformInt StatelessRandomUniformIntV2
    StatelessRandomUniformV2 StatelessSampleDistortedBoundingBox StatelessShuffle
    StatelessTruncatedNormal StatelessTruncatedNormalV2 StaticRegexFullMatch StaticRegexReplace
    StopGradient StridedSlice StridedSliceGrad StringFormat StringJoin StringLength StringLower
    StringSplit StringSplitV2 StringStrip StringToHashBucketFast StringToNumber StringUpper Sub
    Substr Sum Switch Tan Tanh TanhGrad TensorArrayCloseV3 TensorArrayConcatV3 TensorArrayGatherV3
    TensorArrayReadV3 TensorArrayScatterV3 TensorArraySizeV3 TensorArraySplitV3 TensorArrayV3
    TensorArrayWriteV3 TensorListConcat TensorListConcatV2 TensorListElementShape
    TensorListFromTensor TensorListGather TensorListGetItem TensorListLength TensorListPopBack
    TensorListPushBack TensorListReserve TensorListResize TensorListScatter TensorListScatterV2
    TensorListSetItem TensorListSplit TensorListStack TensorScatterAdd TensorScatterUpdate
    TensorSummary TensorSummaryV2 Tile TileGrad ToBool TopK TopKV2 Transpose TruncateDiv TruncateMod
    TruncatedNormal Unique UniqueV2 UniqueWithCounts Unpack UnravelIndex UnsortedSegmentMax
    UnsortedSegmentSum Where Xdivy Xlog1py Xlogy ZerosLike
"""
PURE = frozenset(_PURE.split())
"""Operations that give values of values."""
_WEIGHTS = """
    ApplyAdagrad ApplyAdam ApplyFtrl ApplyGradientDescent ApplyMomentum ApplyRMSProp Assign
    AssignAdd AssignAddVariableOp AssignSub AssignSubVariableOp AssignVariableOp DestroyResourceOp
    DisableCopyOnRead IsVariableInitialized ReadVariableOp ResourceApplyAdagrad ResourceApplyAdam
    ResourceApplyFtrl ResourceApplyGradientDescent ResourceApplyKerasMomentum ResourceApplyMomentum
    ResourceApplyRMSProp ResourceGather ResourceGatherNd ResourceScatterAdd ResourceScatterUpdate
    ScatterAdd ScatterUpdate VarHandleOp VarIsInitializedOp Variable VariableShape VariableV2
"""
WEIGHTS = frozenset(_WEIGHTS.split())
"""Operations on variables, those of training among them."""
SAVING = frozenset(("Save", "SaveSlices", "SaveV2", "MergeV2Checkpoints"))
"""Stand in every SavedModel; nothing that is loaded or run may lead to them."""
RESTORING = frozenset(("Restore", "RestoreSlice", "RestoreV2"))
"""What is loaded may lead to them, from the file name that TensorFlow gives."""
_LOOPS = """
    While StatelessWhile For Enter Exit NextIteration LoopCond RefEnter RefExit RefNextIteration
"""
LOOPS = frozenset(_LOOPS.split())
"""May never end; nothing that is loaded or run may lead to them."""
KNOWN = PURE | WEIGHTS | SAVING | RESTORING | LOOPS
