using Appliance.Kernels.Networks;

namespace Appliance.Host.Onnx;

/// <summary>What is known of a tensor of the graph while the graph is walked.</summary>
internal abstract record GraphValue;

internal sealed record ConstantValue(OnnxTensor Tensor) : GraphValue;

/// <summary>Zeros of a shape that only a run knows: the initial state that exporters make.</summary>
internal sealed record ZeroValue : GraphValue;

/// <summary>Numbers made of shapes: they decide how tensors are laid out, not what is computed.</summary>
internal sealed record ShapeValue : GraphValue;

/// <summary>A value that depends on the inputs: an affine map of a stage.</summary>
internal sealed record FlowValue(GraphStage Stage, AffineMap Map) : GraphValue;

/// <summary>The last states of recurrent layers, one behind another along the first axis as PyTorch gives them (<c>h_n</c>).</summary>
internal sealed record StatesValue(FlowValue[] Layers) : GraphValue;

internal enum NormPart { Mean, Centred, Square, Variance, Deviation }

/// <summary>A part of a layer normalisation that an exporter wrote out in single operators.</summary>
internal sealed record NormPartValue(NormPart Part, FlowValue Of, double Epsilon) : GraphValue;

/// <summary>Where something other than an affine map happened, as a chain back to the input.</summary>
internal abstract record GraphStage(int Width, FlowValue? From, OnnxNode? Node);

internal sealed record InputStage(int Width) : GraphStage(Width, null, null);

/// <summary>The model's own normalisation of its inputs.</summary>
internal sealed record NormalisedStage(int Width, FlowValue From) : GraphStage(Width, From, null);

internal enum GraphFunction { Relu, Tanh, Sigmoid, Silu, LeakyRelu, Softplus }

internal sealed record FunctionStage(GraphFunction Function, FlowValue From, OnnxNode Node) : GraphStage(From.Map.Outputs, From, Node);

internal sealed record ClipStage(double Lower, double Upper, FlowValue From, OnnxNode Node) : GraphStage(From.Map.Outputs, From, Node);

/// <summary>(x − mean) / √(variance + epsilon) over the features; what follows of scale and offset is the map of the value.</summary>
internal sealed record LayerNormStage(double Epsilon, FlowValue From, OnnxNode Node) : GraphStage(From.Map.Outputs, From, Node);

/// <param name="Layer">Its inputs are the outputs of <see cref="GraphStage.From"/>'s map.</param>
internal sealed record RecurrentStage(RecurrentLayer Layer, FlowValue From, OnnxNode Node) : GraphStage(Layer.Units, From, Node);
